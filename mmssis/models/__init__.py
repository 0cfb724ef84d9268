"""Detectors, pseudo-label hooks, heads and region classifiers."""

from . import backbones, clip, data_preprocessors, detectors, pseudo_labels, seg_heads  # noqa: F401
