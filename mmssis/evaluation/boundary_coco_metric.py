"""COCO's mask AP, and beside it boundary AP."""

from typing import Any, Dict, Iterator, List, Sequence

from mmdet.registry import METRICS

from mmssis.utils.settings import check_range

try:
    from mmdet.evaluation.metrics import FasterCocoMetric
except ImportError:  # mmdet 3.3 has only the slower one, with the same numbers
    from mmdet.evaluation.metrics import CocoMetric as FasterCocoMetric
try:
    from faster_coco_eval import COCOeval_faster
except ImportError:  # it is optional
    COCOeval_faster = None

NAMES = ('boundary_mAP', 'boundary_mAP_50', 'boundary_mAP_75')


@METRICS.register_module()
class BoundaryCocoMetric(FasterCocoMetric):
    """mmdet's ``FasterCocoMetric`` plus boundary AP of the masks.

    Boundary AP (Cheng et al., CVPR 2021) is AP with the IoU of two masks replaced by the smaller
    one of their IoU and the IoU of their boundaries. A boundary is the part of a mask whose
    distance from the contour is at most ``dilation_ratio`` of the image's diagonal.
    faster-coco-eval computes it; the other numbers are those of ``FasterCocoMetric``.

    Args:
        *args: as mmdet's ``CocoMetric``. ``metric_items`` does not apply to boundary AP.
        dilation_ratio: width of the boundary over the image's diagonal, in (0, 1). Its authors
            take 0.02 for COCO and 0.005 for Cityscapes.
        **kwargs: as mmdet's ``CocoMetric``.

    Raises:
        ImportError: if faster-coco-eval is not installed.
        ValueError: if ``dilation_ratio`` is out of range.
    """

    reads_masks = True  # whatever `metric` says, see evaluator_input.reads_masks

    def __init__(self, *args: Any, dilation_ratio: float = 0.02, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if COCOeval_faster is None:
            raise ImportError('BoundaryCocoMetric needs faster-coco-eval: pip install '
                              'faster-coco-eval, or use CocoMetric, which gives no boundary AP.')
        self.dilation_ratio = check_range('BoundaryCocoMetric.dilation_ratio', dilation_ratio, 0, 1,
                                          open_low=True, open_high=True)

    def compute_metrics(self, results: List) -> Dict[str, float]:
        """All metrics of the collected results.

        Args:
            results: pairs of ground truth and prediction, one per image.

        Returns:
            mmdet's metrics, and ``boundary_mAP``, ``boundary_mAP_50``, ``boundary_mAP_75`` in
            [0, 1], to three digits as mmdet gives them. Without any prediction, or with
            ``format_only``, no boundary AP.
        """
        metrics = super().compute_metrics(results)
        predictions = list(self._mask_predictions([prediction for _, prediction in results]))
        if predictions and not self.format_only:
            metrics.update(self._boundary_ap(predictions))
        return metrics

    def _boundary_ap(self, predictions: List[dict]) -> Dict[str, float]:
        """Boundary AP of predictions in COCO's format, with the settings of the mask AP."""
        evaluation = COCOeval_faster(
            self._coco_api, self._coco_api.loadRes(predictions), 'boundary',
            boundary_dilation_ratio=self.dilation_ratio)
        evaluation.params.catIds = self.cat_ids
        evaluation.params.imgIds = self.img_ids
        evaluation.params.maxDets = list(self.proposal_nums)
        evaluation.params.iouThrs = self.iou_thrs
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        return {name: round(float(value), 3) for name, value in zip(NAMES, evaluation.stats)}

    def _mask_predictions(self, predictions: Sequence[dict]) -> Iterator[dict]:
        """Masks in COCO's format, as mmdet writes them."""
        for image in predictions:
            if 'masks' not in image:
                raise ValueError('BoundaryCocoMetric found predictions without masks: use it for '
                                 'models that predict masks, CocoMetric for others.')
            scores = image.get('mask_scores', image['scores'])
            for mask, score, label in zip(image['masks'], scores, image['labels']):
                yield dict(image_id=image['img_id'], category_id=self.cat_ids[label],
                           segmentation=mask, score=float(score))
