"""``self_training`` of a config, checked hours before its parts are read."""

from pathlib import Path
from typing import Any

from mmengine.config import Config

from .tta_views import PRESETS

# Those that load_config takes from `data_set`.
PATHS = ('labeled', 'unlabeled', 'image_root')
REQUIRED = (*PATHS, 'preset')


def _is_fraction(value: Any) -> bool:
    """Whether a value is a number in [0, 1]."""
    return type(value) in (int, float) and 0 <= value <= 1


def _is_threshold(value: Any) -> bool:
    """Whether a value is 'matched' or a number in [0, 1]."""
    return value == 'matched' or _is_fraction(value)


# What `mmssis label` takes as options, and what it may be.
OPTIONAL = dict(
    box_thr=(_is_threshold, "'matched' or a number in [0, 1]"),
    pixel_thr=(_is_threshold, "'matched' or a number in [0, 1]"),
    score_floor=(_is_fraction, 'a number in [0, 1]'),
    max_per_image=(lambda value: type(value) is int and value >= 1, 'a whole number >= 1'),
    on_unreadable=(lambda value: value in ('error', 'skip'), "'error' or 'skip'"),
    workers=(lambda value: type(value) is int and value >= 0, 'a whole number >= 0'),
    amp=(lambda value: type(value) is bool, 'True or False'))


def read_plan(cfg: Config, path: str) -> Any:
    """``self_training`` of a config.

    Args:
        cfg: of the student.
        path: its file, for the messages.

    Returns:
        The dict.

    Raises:
        ValueError: if it or a key is missing, a value is wrong, or a file is not there.
    """
    if 'self_training' not in cfg:
        raise ValueError(f'{path} has no `self_training` dict: give the config of a student, such '
                         'as mmssis::noisy_boundaries/mask-rcnn_r50_coco10pct.py')
    plan = cfg.self_training
    missing = [key for key in REQUIRED if key not in plan]
    if missing:
        raise ValueError(f'self_training of {path} lacks {missing}: give self_training.preset, and '
                         'a data_set, from which the paths follow')
    checks = dict(OPTIONAL, preset=(lambda value: value in PRESETS, f'one of {PRESETS}'))
    for key, (is_right, words) in checks.items():
        if key in plan and not is_right(plan[key]):
            raise ValueError(f'self_training.{key} = {plan[key]!r} of {path}: give {words}')
    for key in PATHS:
        if not Path(plan[key]).exists():
            raise ValueError(f'self_training.{key} = {plan[key]!r} of {path} is not there: paths '
                             'start at the folder that this command is run in')
    return plan
