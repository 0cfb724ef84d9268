"""Load a trained model for inference, whatever trained it."""

from pathlib import Path
from typing import List, Mapping, Optional, Sequence, Tuple, Union

import torch
from mmdet.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor, nn

from .checkpoint import CheckpointError, read_checkpoint


def load_trained_model(cfg: Config, checkpoint: Union[str, Path], branch: Optional[str] = None
                       ) -> Tuple[nn.Module, Tuple[str, ...]]:
    """Build the model of a config with the weights of a checkpoint, in eval mode on the CPU.

    Args:
        cfg: config of mmssis or of mmdet, see :func:`mmssis.utils.load_config`.
        checkpoint: of a training run, or an exported one.
        branch: 'teacher' or 'student' of a semi-supervised model; None takes the config's.

    Returns:
        The model (a semi-supervised one predicts with the branch), and its class names.

    Raises:
        ValueError: if the checkpoint cannot be read or does not fit, a branch is asked of a
            plain detector, or nothing names the classes.
    """
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    content = read_checkpoint(checkpoint)
    classes = _class_names(cfg, content)
    model = MODELS.build(cfg.model)
    branches = []
    if 'detector' in cfg.model:
        model.predict_on = branch or model.predict_on
        branches = [model.predict_on]
    elif branch is not None:
        raise ValueError(f'{branch!r} of a plain {type(model).__name__}: it has no teacher and no '
                         'student')
    check_weights(model, content['state_dict'], branches)
    model.load_state_dict(content['state_dict'], strict=False)
    return model.eval(), classes


def check_weights(model: nn.Module, weights: Mapping[str, Tensor],
                  branches: Sequence[str] = ()) -> None:
    """Refuse a checkpoint that lacks weights of the model or has them in other shapes.

    MMEngine loads what fits and goes on; the predictions of a model that was never loaded then
    look like those of a bad one.

    Args:
        model: the model of the config.
        weights: the checkpoint's state dict.
        branches: of 'teacher' and 'student', those that will be used; empty for a model without.

    Raises:
        CheckpointError: with the first weights that do not fit.
    """
    semi = any(name.startswith(('teacher.', 'student.')) for name in weights)
    wanted = {}
    for name, own in model.state_dict().items():
        is_used = not branches or name.startswith(tuple(f'{branch}.' for branch in branches))
        # What is not used is loaded all the same, so it must not have another shape.
        if is_used or name in weights:
            wanted[name.partition('.')[2] if branches and not semi else name] = own
    if faults := weight_faults(wanted, weights):
        raise CheckpointError(does_not_fit(faults))


def weight_faults(wanted: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> List[str]:
    """Which weights are missing, or have another shape.

    Args:
        wanted: those that the config's model needs.
        weights: those of a checkpoint.

    Returns:
        One fault each, in words.
    """
    faults = []
    for name, own in wanted.items():
        if name not in weights:
            faults.append(f'{name} is missing')
        elif not torch.is_tensor(weights[name]):
            faults.append(f'{name} is no tensor')
        elif weights[name].shape != own.shape:
            faults.append(f'{name} is {tuple(weights[name].shape)} in the checkpoint, '
                          f'{tuple(own.shape)} in the config')
    return faults


def does_not_fit(faults: Sequence[str]) -> str:
    """The message about weights that do not fit.

    Args:
        faults: from :func:`weight_faults`.
    """
    return (f'The checkpoint does not fit the config ({len(faults)} weights): '
            f'{"; ".join(faults[:3])}. Another config or number of classes?')


def _class_names(cfg: Config, content: dict) -> Tuple[str, ...]:
    """Class names that the checkpoint carries, or else those of the config's test data."""
    meta = content['meta']['dataset_meta'] if 'dataset_meta' in content.get('meta', {}) else {}
    if 'classes' not in meta and 'test_dataloader' in cfg:
        dataset = cfg.test_dataloader.dataset
        meta = dataset.get('metainfo') or DATASETS.get(dataset.type).METAINFO
    if 'classes' not in meta:
        raise ValueError('neither the checkpoint nor test_dataloader.dataset of the config names '
                         "the classes: set test_dataloader.dataset.metainfo=dict(classes=('...',))")
    return tuple(meta['classes'])
