"""A trained semi-supervised detector, ready to show what its teacher says of single images."""

from pathlib import Path
from typing import Any, Dict, Tuple, Union

from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.structures import InstanceData
from torch import nn

from mmssis.engine.trained_model import load_trained_model
from mmssis.structures import PseudoLabelContext


def load_teacher(cfg: Config, checkpoint: Union[str, Path], device: str
                 ) -> Tuple[nn.Module, Tuple[str, ...]]:
    """Build the detector of a config with a checkpoint's weights and prepare its hooks.

    Args:
        cfg: config of a semi-supervised detector.
        checkpoint: weights of the whole detector, or of a plain one for student and teacher.
        device: 'cpu', 'cuda:0', ...

    Returns:
        The detector in eval mode and the class names.

    Raises:
        ValueError: if the checkpoint cannot be read or does not fit, or a hook lacks what it
            needs.
    """
    model, classes = load_trained_model(cfg, checkpoint, 'teacher')
    try:
        model.prepare(classes)
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    return model.to(device).eval(), classes


def set_progress(model: nn.Module, progress: float) -> None:
    """Set the detector's clock to a share of the semi-supervised phase, in [0, 1]."""
    steps = 10_000
    model.end_burn_in(0)
    model.set_clock(round(progress * steps), steps)


def batch_of(model: nn.Module, packed: Dict[str, Any]) -> Dict[str, Any]:
    """One sample of a pipeline as the detector takes it: ``inputs`` and ``data_samples``."""
    return model.data_preprocessor(
        dict(inputs=[packed['inputs']], data_samples=[packed['data_samples']]), False)


def stages_of(model: nn.Module, pipeline: Compose, image: Union[str, Path]
              ) -> Tuple[Dict[str, InstanceData], PseudoLabelContext]:
    """Instances of one image after each stage, and the context they were made in.

    Args:
        model: of :func:`load_teacher`.
        pipeline: loads an image and packs its view.
        image: its file.
    """
    batch = batch_of(model, pipeline(dict(img_path=str(image), img_id=0)))
    stages = {name: instances[0] for name, instances in
              model.pseudo_label_stages(batch['inputs'], batch['data_samples'])}
    return stages, model.context_of(batch['inputs'], batch['data_samples'])
