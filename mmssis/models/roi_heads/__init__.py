"""Mask R-CNN's RoI head with the weights of pseudo labels, and its mask heads."""

from .mask_iou_head import FCNMaskIoUHead, MaskIoUBranch
from .noise_tolerant_mask_head import NoiseTolerantMaskHead
from .weighted_roi_head import WeightedRoIHead

__all__ = ['FCNMaskIoUHead', 'MaskIoUBranch', 'NoiseTolerantMaskHead', 'WeightedRoIHead']
