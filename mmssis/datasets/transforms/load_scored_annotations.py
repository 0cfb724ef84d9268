"""Annotations with the scores of the teacher that made them."""

import numpy as np
from mmdet.datasets.transforms import LoadAnnotations
from mmdet.registry import TRANSFORMS

FIELDS = dict(gt_scores='score', gt_mask_scores='mask_score')


@TRANSFORMS.register_module()
class LoadScoredAnnotations(LoadAnnotations):
    """mmdet's ``LoadAnnotations`` that loads the scores of pseudo labels too.

    ``PseudoLabeledCocoDataset`` gives them. An instance without a score is a true label and has
    the score 1, so that one pipeline may serve both sources.

    Arguments are those of mmdet's ``LoadAnnotations``.
    """

    def transform(self, results: dict) -> dict:
        """Load boxes, labels, masks and scores.

        Args:
            results (dict): Sample with ``instances``, see mmdet's ``LoadAnnotations``.

        Returns:
            dict: The sample with ``gt_scores`` and ``gt_mask_scores``, both (N,) float32 in
            [0, 1], in the order of ``gt_bboxes``, regions to be ignored included.
        """
        results = super().transform(results)
        instances = results.get('instances', [])
        for field, name in FIELDS.items():
            results[field] = np.array([i.get(name, 1.0) for i in instances], dtype=np.float32)
        return results
