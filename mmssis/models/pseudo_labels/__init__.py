"""Candidates, and the hooks that turn them into pseudo labels.

===========================  ===========================  ===================================
hook                         reads                        adds or changes
===========================  ===========================  ===================================
``DualThresholdFilter``      class_scores, mask_logits    drops; masks, mask_scores, bboxes
``CoupledThresholdFilter``   class_scores, mask_logits    drops; masks, mask_scores, bboxes
``ClassThresholdFilter``     class_scores, mask_logits    drops; masks, mask_scores, bboxes
``AdaptiveThresholdFilter``  class_scores, mask_logits    drops; masks, mask_scores, bboxes
``ClipCategoryCorrection``   class_probs, bboxes, masks   labels, class_probs, class_scores
``MaskUncertainty``          mask_logits                  pixel_weights
``AligningWeights``          class_scores, mask_scores    cls_weights, mask_weights
``DetectorAgreement``        mask_logits, labels          agreement, agreed_boxes
``RankStatisticsWeights``    mask_logits, class_scores    pixel_weights, cls_weights
``QueryRankWeights``         query_inds, labels           cls_weights, mask_weights
``AssignToBoxes``            weak labels, mask_logits     one instance per true box; mask_weights
``UnlabeledOnly``            weak labels                  as the hook that it holds
===========================  ===========================  ===================================
"""

from .adaptive_threshold_filter import AdaptiveThresholdFilter
from .aligning_weights import AligningWeights
from .assign_to_boxes import AssignToBoxes
from .base import PseudoLabelHook
from .candidates import Mask2FormerCandidates
from .class_feature_bank import ClassFeatureBank
from .class_threshold_filter import ClassThresholdFilter
from .clip_category_correction import ClipCategoryCorrection
from .condinst_candidates import CondInstCandidates
from .coupled_threshold_filter import CoupledThresholdFilter
from .detector_agreement import DetectorAgreement
from .dual_threshold_filter import DualThresholdFilter
from .knet_candidates import KNetCandidates
from .layer_output import LayerOutput
from .mask_rcnn_candidates import MaskRCNNCandidates
from .mask_uncertainty import MaskUncertainty
from .query_rank_weights import QueryRankWeights
from .rank_statistics_weights import RankStatisticsWeights
from .semantic_candidates import SemanticCandidates
from .threshold_filter import ThresholdFilter
from .unlabeled_only import UnlabeledOnly

__all__ = [
    'AdaptiveThresholdFilter', 'AligningWeights', 'AssignToBoxes', 'ClassFeatureBank',
    'ClassThresholdFilter', 'ClipCategoryCorrection', 'CondInstCandidates',
    'CoupledThresholdFilter', 'DetectorAgreement', 'DualThresholdFilter', 'KNetCandidates',
    'LayerOutput', 'Mask2FormerCandidates', 'MaskRCNNCandidates', 'MaskUncertainty',
    'PseudoLabelHook', 'QueryRankWeights', 'RankStatisticsWeights', 'SemanticCandidates',
    'ThresholdFilter', 'UnlabeledOnly'
]
