"""Transforms that drop instances, without losing which score is whose."""

from typing import Callable, Optional, Sequence, Union

import numpy as np
from mmcv.transforms import BaseTransform, Compose
from mmdet.registry import TRANSFORMS

from .load_scored_annotations import FIELDS


@TRANSFORMS.register_module()
class CarryScores(BaseTransform):
    """Run transforms that may drop instances, and drop the scores of the same ones.

    mmdet's ``RandomCrop``, ``FilterAnnotations`` and others index boxes, labels and masks and know
    no other field. They do not look at labels; in place of them they are given the positions of
    the instances, which say afterwards whose scores to keep.

    Args:
        transforms (Sequence[dict or callable]): Transforms after ``LoadScoredAnnotations`` that
            drop or reorder instances and do not add any.
    """

    def __init__(self, transforms: Sequence[Union[dict, Callable]]) -> None:
        self.transforms = Compose(list(transforms))

    def transform(self, results: dict) -> Optional[dict]:
        """Run the transforms.

        Args:
            results (dict): Sample with ``gt_bboxes_labels`` (N,) and scores (N,).

        Returns:
            dict or None: The sample with M <= N instances; None if a transform refused it.
        """
        labels = results['gt_bboxes_labels']
        results['gt_bboxes_labels'] = np.arange(len(labels))
        results = self.transforms(results)
        if results is None:
            return None
        kept = results['gt_bboxes_labels']
        results['gt_bboxes_labels'] = labels[kept]
        for field in FIELDS:
            results[field] = results[field][kept]
        return results

    def __repr__(self) -> str:
        """The transforms inside."""
        return f'CarryScores(transforms={self.transforms})'
