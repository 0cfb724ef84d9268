"""Train a model: ``python tools/train.py CONFIG [options]``.

Works on a GPU and on the CPU; ``tools/dist_train.sh`` starts it on several. Adapted from mmdet's
``tools/train.py`` (Apache-2.0).
"""

import argparse
from pathlib import Path
from typing import Optional

import torch
from mmengine.config import Config

import mmssis  # noqa: F401  registers every component before the config is read
from mmssis.engine.building import naming_the_part
from mmssis.engine.checkpoint import CheckpointError
from mmssis.engine.evaluation_checks import build_val_loop
from mmssis.engine.run import add_run_arguments, configure_run, leave_process_group
from mmssis.engine.run_lock import hold_work_dir
from mmssis.engine.runner import ResumableRunner
from mmssis.engine.stop_signals import StoppedBySignal
from mmssis.utils.config import load_config
from mmssis.utils.write_errors import WriteError, explained_write_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', help='config file')
    add_run_arguments(parser)
    parser.add_argument('--resume', nargs='?', const='auto', metavar='CHECKPOINT',
                        help='continue from the newest whole checkpoint of the work directory '
                        'that fits, or from the one given')
    parser.add_argument('--amp', action='store_true', help='mixed precision (needs a GPU)')
    parser.add_argument('--auto-scale-lr', action='store_true',
                        help="scale the learning rate from the config's base_batch_size to the "
                        'batch size of this run')
    parser.add_argument('--supervised', action='store_true',
                        help='train the supervised baseline of the config: no images without '
                        'labels, no pseudo labels (work directory: ..._supervised)')
    parser.add_argument('--print-config', action='store_true',
                        help='print the config with everything that follows from its settings, '
                        'and stop')
    return parser.parse_args()


def enable_amp(cfg: Config) -> None:
    """Train in mixed precision.

    Raises:
        SystemExit: If there is no GPU.
    """
    if not torch.cuda.is_available():
        raise SystemExit('--amp needs a GPU and none was found: leave it out on the CPU.')
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.loss_scale = 'dynamic'


def enable_lr_scaling(cfg: Config) -> None:
    """Scale the learning rate with the batch size of all ranks.

    Raises:
        SystemExit: If the config does not say which batch size its learning rate is for.
    """
    if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
        raise SystemExit('--auto-scale-lr: the config does not say which batch size its learning '
                         'rate is for; add auto_scale_lr = dict(base_batch_size=...).')
    cfg.auto_scale_lr.enable = True


def choose_checkpoint(cfg: Config, resume: str) -> Optional[str]:
    """Say what to continue from; the runner looks for it and judges it.

    Args:
        cfg (Config): The run, changed in place.
        resume (str): A checkpoint, or 'auto' for the newest of the work directory that is whole
            and fits.

    Returns:
        str | None: The config's ``load_from``, to begin from if there is none.

    Raises:
        SystemExit: If the given checkpoint is missing.
    """
    if resume != 'auto' and not Path(resume).is_file():
        fault = 'is a folder or a device' if Path(resume).exists() else 'does not exist'
        raise SystemExit(f'--resume {resume}: that file {fault}.')
    begin_from = cfg.get('load_from')
    cfg.resume, cfg.load_from = True, None if resume == 'auto' else resume
    return begin_from


def name_work_dir(cfg: Config, path: str) -> None:
    """Keep the supervised baseline apart from the run of the same config."""
    cfg.work_dir = (cfg.get('work_dir') or str(Path('work_dirs', Path(path).stem))) + '_supervised'


def main() -> None:
    """Train."""
    args = parse_args()
    # To look at a config, its data need not be there.
    cfg = load_config(args.config, args.cfg_options, check_data=not args.print_config,
                      supervised=args.supervised)
    if args.print_config:
        print(cfg.pretty_text)
        return
    if args.supervised:
        name_work_dir(cfg, args.config)
    configure_run(cfg, args)
    if args.amp:
        enable_amp(cfg)
    if args.auto_scale_lr:
        enable_lr_scaling(cfg)
    # A config that says `resume = True` means the same as the option.
    resume = args.resume or ('auto' if cfg.get('resume') and not cfg.get('load_from') else None)
    with (hold_work_dir(cfg.work_dir), explained_write_errors(cfg.work_dir),
          naming_the_part(cfg)):
        begin_from = choose_checkpoint(cfg, resume) if resume is not None else None
        try:
            runner = ResumableRunner.from_cfg(cfg)
            runner.begin_from = begin_from
            build_val_loop(runner)
            runner.train()
        except CheckpointError as error:
            raise SystemExit(str(error)) from error


if __name__ == '__main__':
    try:
        main()
    except StoppedBySignal:
        leave_process_group()
        raise
    except WriteError as error:
        raise SystemExit(str(error)) from error
    leave_process_group()
