"""Quality of pseudo labels, kinds of errors, and pictures of both."""

from .boundary_coco_metric import BoundaryCocoMetric
from .confusion import confusion_matrix, precision_recall
from .draw_stages import draw_stages
from .error_types import ERROR_TYPES, classify_errors, count_error_types, superclasses_of
from .hidden_ground_truth import HiddenGroundTruth
from .instance_analysis import InstanceAnalysis
from .judged_instances import JudgedInstances, judge_stages
from .pictures import picture_names, write_picture
from .pseudo_label_quality import (MATCH_COUNTS, count_matches, match_greedily, pairwise_mask_iou,
                                   quality_from_counts)
from .threshold_coco_metric import ThresholdCocoMetric

__all__ = [
    'BoundaryCocoMetric', 'ERROR_TYPES', 'HiddenGroundTruth', 'InstanceAnalysis',
    'JudgedInstances', 'MATCH_COUNTS', 'ThresholdCocoMetric', 'classify_errors',
    'confusion_matrix', 'count_error_types', 'count_matches', 'draw_stages', 'judge_stages',
    'match_greedily', 'pairwise_mask_iou', 'picture_names', 'precision_recall',
    'quality_from_counts', 'superclasses_of', 'write_picture'
]
