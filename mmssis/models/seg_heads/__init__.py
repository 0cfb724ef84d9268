"""Heads that read the weights of pseudo labels."""

from .weighted_mask2former_head import WeightedMask2FormerHead

__all__ = ['WeightedMask2FormerHead']
