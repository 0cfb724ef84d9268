"""Heads that read the weights of pseudo labels."""

from .mask_iou_mask2former_head import MaskIoUMask2FormerHead
from .weighted_mask2former_head import WeightedMask2FormerHead

__all__ = ['MaskIoUMask2FormerHead', 'WeightedMask2FormerHead']
