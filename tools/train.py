"""Train a model: ``python tools/train.py CONFIG [options]``.

Works on a GPU and on the CPU; ``tools/dist_train.sh`` starts it on several. Adapted from mmdet's
``tools/train.py`` (Apache-2.0).
"""

import argparse
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import Runner

import mmssis  # noqa: F401  registers every component before the config is read
from mmssis.engine.resume import find_resumable_checkpoint, is_readable_checkpoint
from mmssis.engine.run import add_run_arguments, configure_run, leave_process_group
from mmssis.utils.config import load_config


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', help='config file')
    add_run_arguments(parser)
    parser.add_argument('--resume', nargs='?', const='auto', metavar='CHECKPOINT',
                        help='continue from the newest whole checkpoint of the work directory, '
                        'or from the one given')
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


def choose_checkpoint(cfg: Config, resume: str) -> None:
    """Set the checkpoint to continue from.

    Args:
        cfg (Config): The run, changed in place.
        resume (str): A checkpoint, or 'auto' for the newest whole one of the work directory.

    Raises:
        SystemExit: If the given checkpoint is missing or torn.
    """
    if resume == 'auto':
        checkpoint = find_resumable_checkpoint(cfg.work_dir)
        if checkpoint is None:
            print(f'No checkpoint in {cfg.work_dir}: starting at iteration 0.', flush=True)
    elif is_readable_checkpoint(resume):
        checkpoint = resume
    else:
        fault = 'is torn or no checkpoint' if Path(resume).exists() else 'does not exist'
        raise SystemExit(f'--resume {resume}: that file {fault}.')
    cfg.resume = checkpoint is not None
    if checkpoint is not None:
        cfg.load_from = checkpoint


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
    if resume is not None:
        choose_checkpoint(cfg, resume)
    Runner.from_cfg(cfg).train()


if __name__ == '__main__':
    main()
    leave_process_group()
