"""Mask R-CNN's RoI head with the weights of pseudo labels, and PAIS's mask-IoU branch."""

from .mask_iou_head import FCNMaskIoUHead, MaskIoUBranch
from .weighted_roi_head import WeightedRoIHead

__all__ = ['FCNMaskIoUHead', 'MaskIoUBranch', 'WeightedRoIHead']
