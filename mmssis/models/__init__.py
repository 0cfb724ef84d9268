"""Detectors, pseudo-label hooks, heads and region classifiers."""

from . import clip, data_preprocessors, detectors, pseudo_labels, seg_heads  # noqa: F401
