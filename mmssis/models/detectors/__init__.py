"""Semi-supervised detectors: the step, and each method as a diff of it."""

from .pldc import PLDC
from .semi_instance_segmentor import SemiInstanceSegmentor

__all__ = ['PLDC', 'SemiInstanceSegmentor']
