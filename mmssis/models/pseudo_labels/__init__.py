"""The hooks that turn a teacher's candidates into pseudo labels.

===========================  ===========================  ===================================
hook                         reads                        adds or changes
===========================  ===========================  ===================================
``DualThresholdFilter``      class_scores, mask_logits    drops; masks, mask_scores, bboxes
``CoupledThresholdFilter``   class_scores, mask_logits    drops; masks, mask_scores, bboxes
``ClassThresholdFilter``     class_scores, mask_logits    drops; masks, mask_scores, bboxes
``AdaptiveThresholdFilter``  class_scores, mask_logits    drops; masks, mask_scores, bboxes
``ClipCategoryCorrection``   class_probs, bboxes, masks   labels, class_probs, class_scores
``JointCategoryCorrection``  class_probs, bboxes, masks   labels, class_probs, class_scores
``MaskUncertainty``          mask_logits                  pixel_logits
``AligningWeights``          class_scores, mask_scores    cls_weights, mask_weights
``DetectorAgreement``        mask_logits, labels          agreement, agreed_boxes
``RankStatisticsWeights``    mask_logits, class_scores    pixel_weights, cls_weights
``DoubtfulRegions``          candidates, masks            regions that are no background
``AssignToBoxes``            box labels, mask_logits      one instance per true box; mask_weights
===========================  ===========================  ===================================
"""

from .adaptive_threshold_filter import AdaptiveThresholdFilter
from .aligning_weights import AligningWeights
from .assign_to_boxes import AssignToBoxes
from .base import LearnsFromLabels, PseudoLabelHook, build_pseudo_label_hooks
from .category_correction import CategoryCorrection
from .clip_category_correction import ClipCategoryCorrection
from .doubtful_regions import DoubtfulRegions
from .joint_category_correction import JointCategoryCorrection
from .mask_uncertainty import MaskUncertainty
from .rank_statistics import ClassFeatureBank, DetectorAgreement, LayerOutput, RankStatisticsWeights
from .threshold_filters import (ClassThresholdFilter, CoupledThresholdFilter, DualThresholdFilter,
                                ThresholdFilter)

__all__ = [
    'AdaptiveThresholdFilter', 'AligningWeights', 'AssignToBoxes', 'CategoryCorrection',
    'ClassFeatureBank', 'ClassThresholdFilter', 'ClipCategoryCorrection', 'CoupledThresholdFilter',
    'DetectorAgreement', 'DoubtfulRegions', 'DualThresholdFilter', 'JointCategoryCorrection',
    'LayerOutput', 'LearnsFromLabels', 'MaskUncertainty', 'PseudoLabelHook',
    'RankStatisticsWeights', 'ThresholdFilter', 'build_pseudo_label_hooks'
]
