"""Matching cost: how many pixels do mask and instance agree on."""

from typing import Optional

import torch
from mmdet.models.task_modules.assigners.match_cost import BaseMatchCost
from mmdet.registry import TASK_UTILS
from mmengine.structures import InstanceData
from torch import Tensor


@TASK_UTILS.register_module()
class MaskCost(BaseMatchCost):
    """K-Net's mask cost: minus the mean over pixels of ``p t + (1 - p) (1 - t)``, in float32.

    After K-Net's ``MaskCost`` (Apache-2.0), with one product of matrices instead of two.

    Args:
        weight: factor of the cost.
        pred_act: whether ``masks`` of the predictions are logits, of which p is the sigmoid.
    """

    def __init__(self, weight: float = 1.0, pred_act: bool = True) -> None:
        super().__init__(weight=weight)
        self.pred_act = pred_act

    def __call__(self, pred_instances: InstanceData, gt_instances: InstanceData,
                 img_meta: Optional[dict] = None, **kwargs: object) -> Tensor:
        """Cost of each pair.

        Args:
            pred_instances: ``masks`` (N, h, w).
            gt_instances: ``masks`` (G, h, w) in [0, 1].
            img_meta: not read.
            **kwargs: not read.

        Returns:
            (N, G), float32, in [-weight, 0].
        """
        predicted = pred_instances.masks.flatten(1).float()
        wanted = gt_instances.masks.flatten(1).float()
        with torch.autocast(predicted.device.type, enabled=False):
            if self.pred_act:
                predicted = predicted.sigmoid()
            # p t + (1 - p) (1 - t) = 1 - p - t + 2 p t: one product instead of two.
            common = torch.einsum('np,gp->ng', predicted, wanted) / predicted.shape[1]
            agreement = 1 - predicted.mean(1)[:, None] - wanted.mean(1) + 2 * common
        return -self.weight * agreement
