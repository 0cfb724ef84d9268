"""Detectors, pseudo-label hooks, heads, losses and region classifiers."""

from . import (backbones, clip, condinst, data_preprocessors, detectors, knet, losses,  # noqa: F401
               pseudo_labels, roi_heads, seg_heads)
