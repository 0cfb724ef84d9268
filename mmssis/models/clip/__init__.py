"""Frozen classifiers of image regions: CLIP, or an ImageNet model where no CLIP can be had."""

from .clip_region_classifier import ClipRegionClassifier
from .region_classifier import RegionClassifier
from .timm_region_classifier import TimmRegionClassifier

__all__ = ['ClipRegionClassifier', 'RegionClassifier', 'TimmRegionClassifier']
