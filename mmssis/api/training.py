"""Train. Adapted from mmdet's ``tools/train.py`` (Apache-2.0)."""

from pathlib import Path
from typing import Any, Dict, Optional, Union

import torch
from mmengine.config import Config

from mmssis.engine.building import naming_the_part
from mmssis.engine.checkpoint import CheckpointError
from mmssis.engine.evaluation_checks import build_val_loop
from mmssis.engine.run import configure_run, default_work_dir
from mmssis.engine.run_lock import hold_work_dir
from mmssis.engine.runner import ResumableRunner
from mmssis.engine.terminal import TrainProgressHook, build_runner, open_terminal
from mmssis.utils.write_errors import explained_write_errors

from .configs import ConfigOrPath, settled_config


def train(config: ConfigOrPath,
          *,
          work_dir: Optional[Union[str, Path]] = None,
          cfg_options: Optional[Dict[str, Any]] = None,
          supervised: bool = False,
          resume: Optional[Union[str, Path]] = None,
          amp: bool = False,
          auto_scale_lr: bool = False,
          launcher: str = 'none',
          verbose: bool = False) -> Path:
    """Train a model to its end.

        from mmssis.api import train
        work_dir = train('bolts.py', cfg_options={'schedule.max_iters': 5000})

    Args:
        config: a file, the name of a shipped config, or what ``load_config`` returned.
        work_dir: folder of logs and checkpoints. Default: the one in the config, or
            ``work_dirs/<name of the config>``; of a supervised baseline with ``_supervised``.
        cfg_options: dotted keys and values that override the config.
        supervised: train the supervised baseline: no unlabeled images, no pseudo labels.
        resume: checkpoint to continue from; 'auto' takes the newest of the work directory that is
            whole and fits, and begins anew if there is none.
        amp: mixed precision, on a GPU.
        auto_scale_lr: scale the learning rate from the config's ``base_batch_size`` to the batch
            size of this run.
        launcher: what started the processes: 'none', 'pytorch', 'slurm' or 'mpi'.
        verbose: show all that MMEngine logs, in place of the bar and the lines that matter.

    Returns:
        The work directory.

    Raises:
        ValueError: if a setting, the data or a checkpoint is wrong.
        SystemExit: if another training uses the work directory, or a signal stopped this one.
    """
    cfg = settled_config(config, cfg_options, supervised)
    if supervised:
        cfg.work_dir = f'{cfg.get("work_dir") or default_work_dir(cfg)}_supervised'
    configure_run(cfg, work_dir, launcher)
    if amp:
        _enable_amp(cfg)
    if auto_scale_lr:
        _enable_lr_scaling(cfg)
    # A config that says `resume = True` means the same as the option.
    if resume is None and cfg.get('resume') and not cfg.get('load_from'):
        resume = 'auto'
    _run(cfg, resume, verbose)
    return Path(cfg.work_dir)


def _run(cfg: Config, resume: Optional[Union[str, Path]], verbose: bool) -> None:
    """Build the runner and train, alone in the work directory."""
    with (hold_work_dir(cfg.work_dir), explained_write_errors(cfg.work_dir),
          naming_the_part(cfg), open_terminal(verbose) as terminal):
        begin_from = _choose_checkpoint(cfg, resume) if resume is not None else None
        runner = build_runner(ResumableRunner, cfg, terminal, TrainProgressHook)
        runner.begin_from = begin_from
        build_val_loop(runner)
        runner.train()


def _choose_checkpoint(cfg: Config, resume: Union[str, Path]) -> Optional[str]:
    """Say what to continue from; the runner looks for it and judges it.

    Returns:
        The config's ``load_from``, to begin from if there is no checkpoint.
    """
    if resume != 'auto' and not Path(resume).is_file():
        fault = 'is a folder or a device' if Path(resume).exists() else 'does not exist'
        raise CheckpointError(f'--resume {resume}: that file {fault}.')
    begin_from = cfg.get('load_from')
    cfg.resume, cfg.load_from = True, None if resume == 'auto' else str(resume)
    return begin_from


def _enable_amp(cfg: Config) -> None:
    """Train in mixed precision."""
    if not torch.cuda.is_available():
        raise ValueError('--amp needs a GPU and none was found: leave it out on the CPU.')
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.loss_scale = 'dynamic'


def _enable_lr_scaling(cfg: Config) -> None:
    """Scale the learning rate with the batch size of all ranks."""
    if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
        raise ValueError('--auto-scale-lr: the config does not say which batch size its learning '
                         'rate is for; add auto_scale_lr = dict(base_batch_size=...).')
    cfg.auto_scale_lr.enable = True
