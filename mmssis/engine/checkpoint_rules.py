"""What must hold in the work directory and the settings for checkpoints to be resumed from."""

import math
from pathlib import Path
from typing import Any, Dict

from mmengine.config import Config

from .checkpoint import CheckpointError
from .resume import checkpoints_of


def check_checkpoint_interval(cfg: Config) -> None:
    """Refuse checkpoints inside an accumulation period, whose gradients they do not hold.

    Args:
        cfg: of the run.

    Raises:
        CheckpointError: with the numbers that fit.
    """
    counts = (cfg.get('optim_wrapper') or {}).get('accumulative_counts', 1)
    hook = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    interval = hook.get('interval', -1)
    if hook.get('by_epoch', True) or interval <= 0 or interval % counts == 0:
        return
    below, above = counts * (interval // counts), counts * math.ceil(interval / counts)
    fitting = f'{below} or {above}' if below else f'{above}'
    raise CheckpointError(
        f'default_hooks.checkpoint.interval = {interval} is no multiple of '
        f'optim_wrapper.accumulative_counts = {counts}: gradients that are being accumulated are '
        f'in no checkpoint, so none of iteration {interval} could be resumed from exactly. Give '
        f'{fitting} there, or in schedule.val_interval, which sets it.')


def check_names(work_dir: Path) -> None:
    """Refuse folders where files will be written.

    Args:
        work_dir: of the run.

    Raises:
        CheckpointError: with the first of them.
    """
    for path in (work_dir / 'last_checkpoint', *checkpoints_of(work_dir)):
        if path.is_dir():
            raise CheckpointError(f'{path} is a folder, and checkpoints of this run need that '
                                  'name: move it away.')


def take_over_best(info: Dict[str, Any], work_dir: Path) -> None:
    """Keep the record of the best checkpoint if that is in this run's folder, in place.

    MMEngine deletes the file of that name once there is a better one, wherever it is.

    Args:
        info: ``message_hub.runtime_info`` of a checkpoint.
        work_dir: of the run that goes on from it.
    """
    for key in [key for key in info if key.startswith('best_ckpt')]:
        here = work_dir / Path(str(info[key])).name
        if here.is_file():
            info[key] = str(here)
        else:
            del info[key]
            info.pop(key.replace('best_ckpt', 'best_score', 1), None)
    kept = info.get('keep_ckpt_ids')
    if not isinstance(kept, list) or not all(type(number) is int for number in kept):
        info.pop('keep_ckpt_ids', None)
