"""The model of a diagnosis."""

from pathlib import Path
from typing import NamedTuple, Optional, Tuple

from mmengine.config import Config
from torch import nn

from mmssis.engine.checkpoint import read_checkpoint
from mmssis.engine.trained_model import load_trained_model
from mmssis.evaluation.teacher import load_teacher

from .pseudo_label_filter import FilterOfModel, filter_of


class Loaded(NamedTuple):
    """A model and its config.

    Attributes:
        cfg: resolved.
        model: in eval mode; of a semi-supervised one the teacher predicts.
        classes: K names.
        used: the filter of its pseudo labels; None without.
        why_not: why there is none.
    """

    cfg: Config
    model: nn.Module
    classes: Tuple[str, ...]
    used: Optional[FilterOfModel]
    why_not: str


def load(cfg: Config, checkpoint: Path, device: str) -> Loaded:
    """Build the model of a config with the weights and the iteration of a checkpoint.

    Args:
        cfg: resolved.
        checkpoint: of a training, or an exported one.
        device: 'cpu', 'cuda:0', ...

    Raises:
        ValueError: if the checkpoint cannot be read or does not fit.
    """
    if 'detector' not in cfg.model:
        model, classes = load_trained_model(cfg, checkpoint)
        return Loaded(cfg, model.to(device), classes, None,
                      'the model of this config makes no pseudo labels')
    model, classes = load_teacher(cfg, checkpoint, device)
    meta = read_checkpoint(checkpoint).get('meta', {})
    if 'iter' in meta:
        model.set_clock(int(meta['iter']), cfg.train_cfg.max_iters)
    try:
        return Loaded(cfg, model, classes, filter_of(model), '')
    except ValueError as error:
        return Loaded(cfg, model, classes, None, str(error))
