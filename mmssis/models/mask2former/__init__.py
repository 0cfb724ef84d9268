"""Mask2Former that learns from weighted pseudo labels, and its candidates."""

from .candidates import Mask2FormerCandidates
from .head import WeightedMask2FormerHead
from .mask_iou_head import MaskIoUMask2FormerHead

__all__ = ['Mask2FormerCandidates', 'MaskIoUMask2FormerHead', 'WeightedMask2FormerHead']
