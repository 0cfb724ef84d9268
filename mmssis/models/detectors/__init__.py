"""Semi-supervised detectors: the step, and what a method adds to it."""

from .box_teacher import BoxTeacher
from .semi_instance_segmentor import PAIS, PLDC, SemiInstanceSegmentor

__all__ = ['BoxTeacher', 'PAIS', 'PLDC', 'SemiInstanceSegmentor']
