"""What training and testing from the command line share."""

import argparse
import os
from pathlib import Path
from typing import Any, Dict

import torch
import torch.distributed as dist
from mmengine.config import Config, DictAction
from mmengine.dist import init_dist
from mmengine.utils.dl_utils import set_multi_processing

from .cpu_distributed import must_use_cpu, use_cpu_for_distributed


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``tools/train.py`` and ``tools/test.py``.

    Args:
        parser (ArgumentParser): Gets ``--work-dir``, ``--cfg-options``, ``--launcher`` and the
            rank that old launchers pass.
    """
    parser.add_argument('--work-dir', help='folder of logs and checkpoints '
                        '(default: the one in the config, or work_dirs/<name of the config>)')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE',
        help='override settings of the config, e.g. schedule.max_iters=1000 '
        'data_set.root=data/mine key="[a,b]" (no white space inside)')
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none',
                        help='what started the processes (default: none, one process)')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0,
                        help=argparse.SUPPRESS)


def configure_run(cfg: Config, args: argparse.Namespace) -> None:
    """Set work directory and launcher; join the process group, on the CPU if there is no GPU.

    Args:
        cfg (Config): The run, changed in place.
        args (Namespace): Parsed options of :func:`add_run_arguments` and ``config``.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs', Path(args.config).stem))
    if must_use_cpu(args.launcher):
        use_cpu_for_distributed(cfg)
    elif args.launcher != 'none':
        _join_process_group(cfg)
    if not torch.cuda.is_available() and os.environ['LOCAL_RANK'] == '0':
        print('No GPU found: running on the CPU.', flush=True)


def _join_process_group(cfg: Config) -> None:
    """As the Runner does it, which writes into the work directory before ranks could agree."""
    env_cfg = cfg.get('env_cfg', {})
    set_multi_processing(**env_cfg.get('mp_cfg', {}), distributed=True)
    init_dist(cfg.launcher, **env_cfg.get('dist_cfg', {}))


def plain_numbers(metrics: Dict[str, Any]) -> Dict[str, float]:
    """Make metrics fit for JSON.

    Args:
        metrics (dict): Names and values, numbers of any library.

    Returns:
        dict[str, float]: The same as Python numbers.
    """
    return {name: float(value) for name, value in metrics.items()}


def leave_process_group() -> None:
    """End the process group at the end of a command, once all ranks are there; alone: nothing.

    A process that ends with its group may be aborted by a thread of the group's backend, and
    torchrun would then report a finished run as failed.
    """
    if dist.is_available() and dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()
