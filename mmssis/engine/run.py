"""What training and testing from the command line share."""

import os
from pathlib import Path
from typing import Any, Dict, Optional, Union

import torch
import torch.distributed as dist
from mmengine.config import Config
from mmengine.dist import init_dist
from mmengine.utils.dl_utils import set_multi_processing

from .cpu_distributed import must_use_cpu, use_cpu_for_distributed


def configure_run(cfg: Config, work_dir: Optional[Union[str, Path]], launcher: str) -> None:
    """Set work directory and launcher; join the process group, on the CPU if there is no GPU.

    Args:
        cfg: the run, changed in place.
        work_dir: folder of logs and checkpoints; None takes the one in the config, or
            ``work_dirs/<name of the config>``.
        launcher: what started the processes: 'none', 'pytorch', 'slurm' or 'mpi'.

    Raises:
        ValueError: if nothing names the folder.
    """
    os.environ.setdefault('LOCAL_RANK', '0')
    cfg.launcher = launcher
    cfg.work_dir = str(work_dir or cfg.get('work_dir') or default_work_dir(cfg))
    if must_use_cpu(launcher):
        use_cpu_for_distributed(cfg)
    elif launcher != 'none':
        _join_process_group(cfg)
    if not torch.cuda.is_available() and os.environ['LOCAL_RANK'] == '0':
        print('No GPU found: running on the CPU.', flush=True)


def default_work_dir(cfg: Config) -> Path:
    """The work directory of a config that names none.

    Args:
        cfg: read from a file.

    Raises:
        ValueError: if it was not read from a file.
    """
    if cfg.filename is None:
        raise ValueError('the config was read from no file, so nothing names the work directory: '
                         'give work_dir, or set it in the config')
    return Path('work_dirs', Path(cfg.filename).stem)


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
