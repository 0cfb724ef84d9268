"""How engine hooks and loops reach the detector behind a runner."""

from typing import Any, Tuple

from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn


def unwrapped_model(runner: Runner) -> nn.Module:
    """The model that a runner trains, without its data-parallel wrapper.

    Args:
        runner: the runner.
    """
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def semi_detector(runner: Runner) -> Any:
    """The semi-supervised detector that a runner trains.

    Args:
        runner: the runner.

    Returns:
        The detector, a :class:`mmssis.models.detectors.SemiInstanceSegmentor`.

    Raises:
        TypeError: if the runner trains something else.
    """
    model = unwrapped_model(runner)
    missing = [name for name in ('teacher', 'student', 'predict_on') if not hasattr(model, name)]
    if missing:
        raise TypeError(
            f'model.type = {type(model).__name__} has no {", ".join(missing)}: hooks and loops of '
            'mmssis need a SemiInstanceSegmentor such as PLDC. To train another detector, set '
            'default_hooks.teacher, statistics, guard and burn_in to None, and take val_cfg and '
            'train_cfg of mmdet')
    return model


def class_names(runner: Runner) -> Tuple[str, ...]:
    """Class names of the training data, in label order.

    Args:
        runner: the runner, with its training data loader.
    """
    return tuple(runner.train_dataloader.dataset.metainfo['classes'])
