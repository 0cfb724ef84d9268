"""CondInst that learns from weighted labels of any kind: masks, boxes, boxes with pseudo masks.

Shape legend: B images, N instances and P points of an image, M positive points, K classes, H x W
padded network input, h x w cells of the masks at stride 4.

Tian et al., Conditional Convolutions for Instance Segmentation, ECCV 2020. Derived from mmdet's
CondInst (Apache-2.0).
"""

from .bbox_head import WeightedCondInstBboxHead
from .candidates import CondInstCandidates
from .detector import WeightedCondInst
from .mask_head import WeightedCondInstMaskHead

__all__ = [
    'CondInstCandidates', 'WeightedCondInst', 'WeightedCondInstBboxHead',
    'WeightedCondInstMaskHead'
]
