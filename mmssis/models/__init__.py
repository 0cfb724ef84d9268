"""Detectors, pseudo-label hooks, model families, losses and region classifiers."""

from . import (backbones, clip, condinst, data_preprocessors, detectors, knet, losses,  # noqa: F401
               mask2former, mask_rcnn, pseudo_labels)
