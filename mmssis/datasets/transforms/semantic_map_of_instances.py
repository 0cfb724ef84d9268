"""Labels of instances as labels of pixels, for evaluation."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from .merge_by_class import masks_and_labels

BACKGROUND = -1


@TRANSFORMS.register_module()
class SemanticMapOfInstances(BaseTransform):
    """The class of each pixel, for mmdet's ``SemSegMetric``.

    Stands behind ``LoadAnnotations`` in the pipeline of validation, itself behind ``Resize``, so
    that the map has the size of the original image. Where instances overlap, the last one counts.

    Pixels of no instance are -1. The metric leaves out 255 alone, so a class that is predicted
    there is an error of that class; and -1 is not a class of its own.
    """

    def transform(self, results: dict) -> dict:
        """Draw the instances.

        Args:
            results (dict): Sample with ``gt_masks`` and ``gt_bboxes_labels``.

        Returns:
            dict: The sample with ``gt_seg_map`` (H, W) int64 and ``ignore_index`` -1.

        Raises:
            ValueError: If no masks were loaded.
        """
        masks, labels = masks_and_labels(results, 'SemanticMapOfInstances')
        seg_map = np.full(masks.shape[1:], BACKGROUND, dtype=np.int64)
        for mask, label in zip(masks, labels):
            seg_map[mask] = label
        results['gt_seg_map'] = seg_map
        # Only pictures of the labels read this; the metric reads the prediction's, which has none.
        results['ignore_index'] = BACKGROUND
        return results

    def __repr__(self) -> str:
        """It has no settings."""
        return 'SemanticMapOfInstances()'
