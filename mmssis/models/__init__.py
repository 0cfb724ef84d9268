"""Detectors, pseudo-label hooks, heads and region classifiers."""

from . import (backbones, clip, data_preprocessors, detectors, knet, pseudo_labels,  # noqa: F401
               roi_heads, seg_heads)
