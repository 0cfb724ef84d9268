"""Samples whose labels weigh as much as their scores say."""

from typing import Any, Optional

import numpy as np
import torch
from mmdet.datasets.transforms import PackDetInputs
from mmdet.registry import TRANSFORMS
from torch import Tensor

from mmssis.ops import aligning_weights


@TRANSFORMS.register_module()
class PackWeightedInputs(PackDetInputs):
    """mmdet's ``PackDetInputs`` that turns scores into the weights that our losses read.

    PAIS's aligning weights (Eq. 5) on labels made offline: ``cls_weights`` of the instances are
    ``score ** class_exponent``, ``mask_weights`` are ``mask_score ** mask_exponent``; boxes weigh
    1.

    Args:
        class_exponent (float, optional): alpha >= 0; PAIS sets it to 4. None: no ``cls_weights``,
            all classes weigh 1. Defaults to None.
        mask_exponent (float, optional): beta >= 0; PAIS sets it to 4. None: no ``mask_weights``.
            Defaults to None.
        **kwargs: ``meta_keys``, see mmdet's ``PackDetInputs``.

    Raises:
        ValueError: If an exponent is negative.
        TypeError: If an exponent is not a number.
    """

    def __init__(self,
                 class_exponent: Optional[float] = None,
                 mask_exponent: Optional[float] = None,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.exponents = dict(gt_scores=class_exponent, gt_mask_scores=mask_exponent)
        for exponent in self.exponents.values():
            if exponent is not None:
                aligning_weights(torch.zeros(0), exponent)

    def transform(self, results: dict) -> dict:
        """Pack a sample.

        Args:
            results (dict): Sample after its transforms; with ``gt_scores`` (N,) if there is a
                ``class_exponent``, with ``gt_mask_scores`` (N,) if there is a ``mask_exponent``.

        Returns:
            dict: ``inputs`` and ``data_samples``, whose ``gt_instances`` have ``cls_weights`` and
            ``mask_weights`` (N,), float32 in [0, 1].

        Raises:
            ValueError: If the scores are missing, or a transform dropped instances but not their
                scores.
        """
        packed = super().transform(results)
        instances = packed['data_samples'].gt_instances
        for scores, weights in (('gt_scores', 'cls_weights'), ('gt_mask_scores', 'mask_weights')):
            exponent = self.exponents[scores]
            if exponent is not None:
                instances.set_field(aligning_weights(_kept(results, scores), exponent), weights)
        return packed

    def __repr__(self) -> str:
        """Settings of the transform."""
        return (f'PackWeightedInputs(class_exponent={self.exponents["gt_scores"]}, '
                f'mask_exponent={self.exponents["gt_mask_scores"]}, meta_keys={self.meta_keys})')


def _kept(results: dict, field: str) -> Tensor:
    """Scores of the instances that are not to be ignored, as mmdet picks them."""
    if field not in results:
        raise ValueError(f'PackWeightedInputs found no {field} in the sample: load annotations '
                         'with LoadScoredAnnotations, or set the exponent to None.')
    scores, num_instances = results[field], len(results['gt_bboxes_labels'])
    if len(scores) != num_instances:
        raise ValueError(
            f'{results.get("img_path")}: {len(scores)} {field} for {num_instances} instances. A '
            'crop or filter dropped instances and left their scores: put it into '
            'dict(type="CarryScores", transforms=[...]), or set the exponent to None.')
    ignored = results.get('gt_ignore_flags', np.zeros(num_instances, dtype=bool))
    return torch.from_numpy(scores[~ignored])
