"""COCO's AP, and beside it AP at single IoU thresholds."""

from typing import Any, Dict, List, Sequence

import numpy as np
from mmdet.evaluation.metrics import CocoMetric
from mmdet.registry import METRICS

from mmssis.utils.settings import check_range

PLACE = 'val_evaluator.thresholds'


@METRICS.register_module()
class ThresholdCocoMetric(CocoMetric):
    """mmdet's ``CocoMetric`` plus AP at further IoU thresholds, as papers on PASCAL VOC report it.

    mmdet's ``iou_thrs`` replaces the thresholds of the mean, and as a list of one stops under
    NumPy 2.1 and later.

    Args:
        *args: as mmdet's ``CocoMetric``.
        thresholds: IoU thresholds in (0, 1), whole hundredths; (0.25, 0.7) in BoxTeacher, Table 2.
        **kwargs: as mmdet's ``CocoMetric``.

    Raises:
        ValueError: if a threshold is out of its range, or no whole hundredth.
    """

    def __init__(self, *args: Any, thresholds: Sequence[float], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for threshold in thresholds:
            check_range(PLACE, threshold, 0, 1, open_low=True, open_high=True)
        self.thresholds = {round(100 * threshold): threshold for threshold in thresholds}
        if any(abs(100 * value - percent) > 1e-6 for percent, value in self.thresholds.items()):
            raise ValueError(f'{PLACE} = {thresholds}: give whole hundredths, which name the AP')

    def compute_metrics(self, results: List) -> Dict[str, float]:
        """All metrics of the collected results.

        Args:
            results: pairs of ground truth and prediction, one per image.

        Returns:
            mmdet's metrics, and ``segm_mAP_25`` for a threshold of 0.25, to three digits.
        """
        metrics = super().compute_metrics(results)
        if self.format_only:
            return metrics
        kept = self.iou_thrs, self.metric_items, self.classwise
        for percent, threshold in self.thresholds.items():
            self.iou_thrs, self.metric_items, self.classwise = np.array([threshold]), ['mAP'], False
            metrics.update({f'{name}_{percent}': value
                            for name, value in super().compute_metrics(results).items()})
        self.iou_thrs, self.metric_items, self.classwise = kept
        return metrics
