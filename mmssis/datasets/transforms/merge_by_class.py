"""Labels of instances as labels of classes, for learning."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from mmdet.structures.mask import BitmapMasks


@TRANSFORMS.register_module()
class MergeByClass(BaseTransform):
    """One mask per class that the image shows, the form that Mask2Former learns semantics from.

    Stands behind ``LoadAnnotations``; transforms that follow see the classes as instances. Crowd
    regions are merged in: their pixels are of the class as well.
    """

    def transform(self, results: dict) -> dict:
        """Merge the instances of each class.

        Args:
            results (dict): Sample with ``gt_masks``, ``gt_bboxes`` and ``gt_bboxes_labels`` of N
                instances.

        Returns:
            dict: The sample with M <= N of them, by ascending class; the boxes are tight, and
            ``gt_ignore_flags`` are all False.

        Raises:
            ValueError: If no masks were loaded.
        """
        masks, labels = masks_and_labels(results, 'MergeByClass')
        classes = np.unique(labels)
        merged = np.zeros((len(classes), *masks.shape[1:]), np.uint8)
        for mask, label in zip(merged, classes):
            mask[masks[labels == label].any(0)] = 1
        results['gt_masks'] = BitmapMasks(merged, *masks.shape[1:])
        results['gt_bboxes'] = results['gt_masks'].get_bboxes(type(results['gt_bboxes']))
        results['gt_bboxes_labels'] = classes
        results['gt_ignore_flags'] = np.zeros(len(classes), dtype=bool)
        return results

    def __repr__(self) -> str:
        """It has no settings."""
        return 'MergeByClass()'


def masks_and_labels(results: dict, user: str) -> tuple[np.ndarray, np.ndarray]:
    """Masks (N, H, W) bool and labels (N,) of a loaded sample.

    Args:
        results (dict): The sample; polygons are drawn.
        user (str): Name of the transform that asks, for the message.

    Raises:
        ValueError: If no masks were loaded.
    """
    if 'gt_masks' not in results or 'gt_bboxes_labels' not in results:
        raise ValueError(f'{user} found no masks in {results.get("img_path")}: put '
                         'dict(type="LoadAnnotations", with_bbox=True, with_mask=True) before it.')
    return results['gt_masks'].to_ndarray().astype(bool), results['gt_bboxes_labels']
