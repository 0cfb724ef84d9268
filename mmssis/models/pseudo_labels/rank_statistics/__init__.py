"""Weighting Pseudo-Labels: weights of pixels by rank statistics of features."""

from .class_feature_bank import ClassFeatureBank
from .detector_agreement import DetectorAgreement
from .layer_output import LayerOutput
from .weights import RankStatisticsWeights

__all__ = ['ClassFeatureBank', 'DetectorAgreement', 'LayerOutput', 'RankStatisticsWeights']
