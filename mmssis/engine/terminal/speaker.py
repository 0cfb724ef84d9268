"""Who prints or logs a line: a library, whose lines go to the log file, or anybody else."""

import logging
import sys

LIBRARIES = frozenset((
    'faster_coco_eval', 'mmcv', 'mmdet', 'mmengine', 'mmpretrain', 'open_clip', 'pycocotools',
    'timm', 'torch', 'torchvision'))
"""Of these a line is for the log file; code of the user is shown."""

CARRIERS = ('logging', 'mmengine.logging.', 'mmssis.engine.terminal.output')
"""Modules that pass lines on."""

DETAILS = frozenset(('mmssis.engine.hooks.pseudo_label_statistics_hook',
                     'mmssis.engine.runner.semi_train_loop'))
"""Modules of mmssis whose information (not their warnings) is for the log file."""


def speaker() -> str:
    """The module whose code prints or logs right now, past those that pass lines on."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get('__name__') or ''
        if not name.startswith(CARRIERS):
            return name
        frame = frame.f_back
    return ''


def is_library(module: str) -> bool:
    """Whether a module belongs to one of :data:`LIBRARIES`.

    Args:
        module: its dotted name.
    """
    return module.partition('.')[0] in LIBRARIES


def is_shown(record: logging.LogRecord, module: str) -> bool:
    """Whether a line of the log is for the terminal too.

    Args:
        record: the line.
        module: who logs it, of :func:`speaker`.

    Returns:
        True for errors, for warnings but those of libraries about deprecated code, and for
        information of mmssis and of the user's code.
    """
    if record.levelno > logging.WARNING:
        return True
    if record.levelno == logging.WARNING:
        return not (is_library(module) and 'deprecated' in record.getMessage())
    return not is_library(module) and module not in DETAILS
