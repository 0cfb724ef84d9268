"""mmssis: semi-supervised instance segmentation on MMDetection."""

from . import datasets, engine, evaluation, models  # noqa: F401
