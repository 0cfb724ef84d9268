"""Semi-supervised detectors: the step, and each method as a diff of it."""

from .box_teacher import BoxTeacher
from .pais import PAIS
from .pldc import PLDC
from .semantic_mask2former import SemanticMask2Former
from .semi_instance_segmentor import SemiInstanceSegmentor
from .weighted_mask_rcnn import WeightedMaskRCNN

__all__ = [
    'BoxTeacher', 'PAIS', 'PLDC', 'SemanticMask2Former', 'SemiInstanceSegmentor', 'WeightedMaskRCNN'
]
