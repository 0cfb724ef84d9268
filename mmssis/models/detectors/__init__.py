"""Semi-supervised detectors: the step, and what a method adds to it."""

from .box_teacher import BoxTeacher
from .guided_distillation import GuidedDistillation
from .semi_instance_segmentor import PAIS, PLDC, SemiInstanceSegmentor

__all__ = ['BoxTeacher', 'GuidedDistillation', 'PAIS', 'PLDC', 'SemiInstanceSegmentor']
