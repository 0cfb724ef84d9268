"""Mask R-CNN that learns from weighted pseudo labels, its mask heads and its candidates."""

from .candidates import MaskRCNNCandidates
from .detector import WeightedMaskRCNN
from .mask_iou_head import FCNMaskIoUHead, MaskIoUBranch
from .noise_tolerant_mask_head import NoiseTolerantMaskHead
from .roi_head import WeightedRoIHead

__all__ = [
    'FCNMaskIoUHead', 'MaskIoUBranch', 'MaskRCNNCandidates', 'NoiseTolerantMaskHead',
    'WeightedMaskRCNN', 'WeightedRoIHead'
]
