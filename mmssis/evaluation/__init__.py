"""Quality of pseudo labels and kinds of errors."""

from .boundary_coco_metric import BoundaryCocoMetric
from .confusion import confusion_matrix, precision_recall
from .error_types import ERROR_TYPES, classify_errors, count_error_types, superclasses_of
from .hidden_ground_truth import HiddenGroundTruth
from .instance_analysis import InstanceAnalysis
from .judged_instances import JudgedInstances, judge_stages
from .pseudo_label_quality import (MATCH_COUNTS, count_matches, match_greedily, pairwise_mask_iou,
                                   quality_from_counts)
from .threshold_coco_metric import ThresholdCocoMetric

__all__ = [
    'BoundaryCocoMetric', 'ERROR_TYPES', 'HiddenGroundTruth', 'InstanceAnalysis',
    'JudgedInstances', 'MATCH_COUNTS', 'ThresholdCocoMetric', 'classify_errors',
    'confusion_matrix', 'count_error_types', 'count_matches', 'judge_stages',
    'match_greedily', 'pairwise_mask_iou', 'precision_recall', 'quality_from_counts',
    'superclasses_of'
]
