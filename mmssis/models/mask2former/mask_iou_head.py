"""Mask2Former's head with a prediction of each mask's IoU."""

from typing import Any, Dict, List, Tuple

import torch
import torch.nn.functional as F
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import InstanceList
from torch import Tensor, nn

from mmssis.ops import binary_mask_iou
from mmssis.structures import is_pseudo_labeled
from mmssis.utils.settings import check_range

from .head import Matches, WeightedMask2FormerHead


@MODELS.register_module()
class MaskIoUMask2FormerHead(WeightedMask2FormerHead):
    """Predict the IoU of each query's mask, PAIS's mask-scoring branch on Mask2Former.

    A layer on the query's embedding, shared by all decoder layers, gives one logit per query;
    it learns by binary cross-entropy from the IoU of the matched mask with its true mask at
    the resolution of the logits. Pseudo-labeled images do not teach it. The class outputs carry the
    logit as their last column, (B, Q, K + 2); ``predict`` takes it off. The ranking of
    predictions does not change, as in PAIS.

    Args:
        *args: as :class:`WeightedMask2FormerHead`.
        loss_iou_weight: weight of the loss, 1.0 as in PAIS on K-Net.
        **kwargs: as :class:`WeightedMask2FormerHead`.

    Raises:
        ValueError: if the weight is negative.
    """

    loss_names = ('loss_cls', 'loss_mask', 'loss_dice', 'loss_iou')

    def __init__(self, *args: Any, loss_iou_weight: float = 1.0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.loss_iou_weight = check_range('panoptic_head.loss_iou_weight', loss_iou_weight, 0)
        self.cls_embed = ClassAndIoU(self.cls_embed.in_features, self.cls_embed.out_features)

    def predict(self, x: Tuple[Tensor, ...],
                batch_data_samples: SampleList) -> Tuple[Tensor, Tensor]:
        """Class logits (B, Q, K + 1) and mask logits (B, Q, H, W), as mmdet's."""
        cls_logits, mask_logits = super().predict(x, batch_data_samples)
        return cls_logits[..., :-1], mask_logits

    def loss_by_feat(self, all_cls_scores: List[Tensor], all_mask_preds: List[Tensor],
                     batch_gt_instances: InstanceList,
                     batch_img_metas: List[dict]) -> Dict[str, Tensor]:
        """Losses of all decoder layers, see :class:`WeightedMask2FormerHead`."""
        if not is_pseudo_labeled(batch_img_metas):
            # Once for all layers, whose masks have one grid.
            for instances in batch_gt_instances:
                instances.grid_masks = _on_grid(instances.masks, all_mask_preds[-1].shape[-2:])
        return super().loss_by_feat(all_cls_scores, all_mask_preds, batch_gt_instances,
                                    batch_img_metas)

    def _layer_losses(self, cls_logits: Tensor, mask_logits: Tensor,
                      batch_gt_instances: InstanceList, batch_img_metas: List[dict],
                      num_masks: Tensor) -> Tuple[Tensor, ...]:
        """Losses of one decoder layer with that of the predicted IoU."""
        cls_logits, iou_logits = cls_logits[..., :-1], cls_logits[..., -1]
        matches = self.match(cls_logits, mask_logits, batch_gt_instances, batch_img_metas)
        loss_cls = self._class_loss(cls_logits, mask_logits, batch_gt_instances, matches)
        mask_losses = self._mask_losses(mask_logits, batch_gt_instances, matches, num_masks)
        loss_iou = self._iou_loss(iou_logits, mask_logits, batch_gt_instances, matches)
        return (loss_cls, *mask_losses, loss_iou)

    def _iou_loss(self, iou_logits: Tensor, mask_logits: Tensor, batch_gt_instances: InstanceList,
                  matches: Matches) -> Tensor:
        """Mean binary cross-entropy of the matched queries' IoU; 0 without true masks."""
        matched = self._matched(iou_logits, matches).float()
        if 'grid_masks' not in batch_gt_instances[0] or len(matched) == 0:
            return iou_logits.sum() * 0
        targets = torch.cat([instances.grid_masks[found] for instances, (_, found) in
                             zip(batch_gt_instances, matches)])
        ious = binary_mask_iou(self._matched(mask_logits.detach(), matches) > 0, targets)
        return self.loss_iou_weight * F.binary_cross_entropy_with_logits(matched, ious)


class ClassAndIoU(nn.Linear):
    """Mask2Former's class layer with one more output, the logit of the mask's IoU.

    The class layer keeps its names in a checkpoint (``cls_embed.weight``), so that those of a
    plain Mask2Former load.
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__(in_features, out_features)
        self.iou = nn.Sequential(
            nn.Linear(in_features, in_features, bias=False), nn.LayerNorm(in_features),
            nn.ReLU(inplace=True), nn.Linear(in_features, 1))

    def forward(self, query: Tensor) -> Tensor:
        """Class logits and IoU logit of embeddings (..., C): (..., K + 2)."""
        return torch.cat([super().forward(query), self.iou(query)], dim=-1)


def _on_grid(masks: Tensor, grid: Tuple[int, int]) -> Tensor:
    """Bool masks (N, H, W) reduced to a grid, by the larger part of each cell.

    One at a time: full-size masks in floating point are 4 MB each.
    """
    if len(masks) == 0:
        return masks.new_zeros((0, *grid))
    return torch.cat([F.interpolate(mask[None, None].float(), grid, mode='area')[0] > 0.5
                      for mask in masks])
