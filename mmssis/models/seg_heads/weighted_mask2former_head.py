"""Mask2Former's head with weights per instance and per pixel."""

from typing import Dict, List, Optional, Tuple

import torch
from mmdet.models.dense_heads import Mask2FormerHead
from mmdet.models.utils import get_uncertain_point_coords_with_randomness
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import InstanceList, reduce_mean
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.ops import sample_points, weighted_mask_bce, weighted_mask_dice

WEIGHTS = ('cls_weights', 'mask_weights', 'pixel_weights')
Matches = List[Tuple[Tensor, Tensor]]


@MODELS.register_module()
class WeightedMask2FormerHead(Mask2FormerHead):
    """Losses of every decoder layer read the weights that pseudo labels carry.

    ``pixel_weights`` (N, h, w) enter the point-sampled binary cross-entropy (PL-DC Eq. 11),
    ``mask_weights`` (N,) multiply an instance's mask losses and ``cls_weights`` (N,) the
    classification loss of its query. A missing weight means 1; with all weights 1 the losses
    are mmdet's. ``_loss_by_feat_single`` is adapted from mmdet's ``Mask2FormerHead``
    (Apache-2.0); masks stay bool at their own resolution, and the matching runs in float32.

    Args:
        *args: as :class:`mmdet.models.Mask2FormerHead`.
        weight_dice_by_pixel: whether ``pixel_weights`` enter the dice loss too. The paper
            leaves it open, the released code does not.
        normalize_pixel_weights: divide by the sum of the weights in place of the number of
            points, so that an uncertain mask weighs as much as a sure one.
        **kwargs: as :class:`mmdet.models.Mask2FormerHead`.

    Raises:
        ValueError: if there are stuff classes; the head is for instances.
    """

    def __init__(self, *args, weight_dice_by_pixel: bool = False,
                 normalize_pixel_weights: bool = False, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if self.num_stuff_classes:
            raise ValueError(f'num_stuff_classes = {self.num_stuff_classes} of panoptic_head: '
                             'this head is for instances, set it to 0')
        self.weight_dice_by_pixel = weight_dice_by_pixel
        self.normalize_pixel_weights = normalize_pixel_weights

    def preprocess_gt(self, batch_gt_instances: InstanceList,
                      batch_gt_semantic_segs: List[Optional[object]]) -> InstanceList:
        """Bring labels of both kinds into one form; masks stay bool.

        Args:
            batch_gt_instances: instances of each image with ``labels``, ``masks`` (mmdet's
                ``BitmapMasks`` or a tensor (N, H, W)) and any of the weights.
            batch_gt_semantic_segs: not read; there are no stuff classes.

        Returns:
            Instances of each image with ``labels``, ``masks`` (N, H, W) bool and the weights.
        """
        return [self._preprocess_single(instances) for instances in batch_gt_instances]

    @staticmethod
    def _preprocess_single(instances: InstanceData) -> InstanceData:
        masks = instances.masks
        if not torch.is_tensor(masks):
            masks = masks.to_tensor(dtype=torch.bool, device=instances.labels.device)
        weights = {name: instances[name] for name in WEIGHTS if name in instances}
        return InstanceData(labels=instances.labels, masks=masks.bool(), **weights)

    @torch.no_grad()
    def match(self, cls_logits: Tensor, mask_logits: Tensor, instances: InstanceData,
              img_meta: dict) -> Tuple[Tensor, Tensor]:
        """Hungarian matching of one image, on random points, in float32.

        Under autocast mmdet's cost overflows: it sums 12,544 points before it divides. A NaN is
        replaced here so that it reaches the loss, where it is named, not the matching.

        Args:
            cls_logits: (Q, K + 1).
            mask_logits: (Q, h, w).
            instances: N instances.
            img_meta: metainfo of the image.

        Returns:
            Matched queries and their instances, both (min(N, Q),) long, by ascending query.
        """
        points = torch.rand((1, self.num_points, 2), device=cls_logits.device)
        with torch.autocast(cls_logits.device.type, enabled=False):
            rows, columns = (torch.arange(n, device=points.device)
                             for n in (len(mask_logits), len(instances)))
            result = self.assigner.assign(
                pred_instances=InstanceData(
                    scores=_finite(cls_logits),
                    masks=_finite(sample_points(mask_logits.float(), points, rows))),
                gt_instances=InstanceData(
                    labels=instances.labels,
                    masks=sample_points(instances.masks, points, columns)),
                img_meta=img_meta)
        queries = result.gt_inds.nonzero().squeeze(1)
        return queries, result.gt_inds[queries] - 1

    def _loss_by_feat_single(self, cls_scores: Tensor, mask_preds: Tensor,
                             batch_gt_instances: InstanceList,
                             batch_img_metas: List[dict]) -> Tuple[Tensor, Tensor, Tensor]:
        """Losses of one decoder layer.

        Args:
            cls_scores: class logits, (B, Q, K + 1).
            mask_preds: mask logits, (B, Q, h, w).
            batch_gt_instances: from :meth:`preprocess_gt`.
            batch_img_metas: metainfo of each image.

        Returns:
            Classification, mask and dice loss, scalars.
        """
        matches = [
            self.match(*image)
            for image in zip(cls_scores, mask_preds, batch_gt_instances, batch_img_metas)
        ]
        loss_cls = self._class_loss(cls_scores, batch_gt_instances, matches)
        mask_logits = torch.cat([mask[queries] for mask, (queries, _) in zip(mask_preds, matches)])
        # As in mmdet's sampling result, an image without a match counts as one mask.
        count = sum(max(len(queries), 1) for queries, _ in matches)
        num_masks = reduce_mean(mask_logits.new_tensor([count], dtype=torch.float32))
        if len(mask_logits) == 0:
            return loss_cls, mask_logits.sum(), mask_logits.sum()
        points, targets, pixel_weights, mask_weights = self._point_targets(
            mask_logits.detach(), batch_gt_instances, matches)
        rows = torch.arange(len(mask_logits), device=mask_logits.device)
        logits = sample_points(mask_logits.float(), points, rows)
        dice_weights = pixel_weights if self.weight_dice_by_pixel else torch.ones_like(logits)
        dice = weighted_mask_dice(logits, targets, dice_weights, self.loss_dice.eps)
        loss_dice = self.loss_dice.loss_weight * (mask_weights * dice).sum() / num_masks
        bce = weighted_mask_bce(logits, targets, mask_weights[:, None] * pixel_weights)
        loss_mask = self.loss_mask.loss_weight * bce / num_masks
        return loss_cls, loss_mask.squeeze(), loss_dice.squeeze()

    def _class_loss(self, cls_logits: Tensor, batch_gt_instances: InstanceList,
                    matches: Matches) -> Tensor:
        """Cross-entropy over K + 1; queries without a match are no-object."""
        labels = torch.full(cls_logits.shape[:2], self.num_classes, device=cls_logits.device)
        weights = cls_logits.new_ones(cls_logits.shape[:2])
        for i, (instances, (queries, matched)) in enumerate(zip(batch_gt_instances, matches)):
            labels[i, queries] = instances.labels[matched]
            if 'cls_weights' in instances:
                weights[i, queries] = instances.cls_weights[matched].to(weights)
        class_weight = cls_logits.new_tensor(self.class_weight)
        return self.loss_cls(cls_logits.flatten(0, 1), labels.flatten(), weights.flatten(),
                             avg_factor=class_weight[labels.flatten()].sum())

    @torch.no_grad()
    def _point_targets(self, mask_logits: Tensor, batch_gt_instances: InstanceList,
                       matches: Matches) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
        """Points of the N matched masks, where the student is unsure, and their targets.

        Returns:
            Points (N, P, 2), targets (N, P), pixel weights (N, P) and mask weights (N,).
        """
        points = get_uncertain_point_coords_with_randomness(
            mask_logits.float().unsqueeze(1), None, self.num_points, self.oversample_ratio,
            self.importance_sample_ratio)
        targets = points.new_zeros(points.shape[:2])
        pixel_weights = torch.ones_like(targets)
        mask_weights = points.new_ones(len(points))
        start = 0
        for instances, (queries, matched) in zip(batch_gt_instances, matches):
            part = slice(start, start + len(queries))
            start += len(queries)
            targets[part] = sample_points(instances.masks, points[part], matched)
            if 'pixel_weights' in instances:
                pixel_weights[part] = sample_points(
                    instances.pixel_weights.float(), points[part], matched, border=True)
            if 'mask_weights' in instances:
                mask_weights[part] = instances.mask_weights[matched].float()
        if self.normalize_pixel_weights:
            pixel_weights /= pixel_weights.mean(1, keepdim=True).clamp(min=1e-6)
        return points, targets, pixel_weights, mask_weights

    def loss_of_outputs(self, outputs: Tuple[List[Tensor], List[Tensor]],
                        data_samples: SampleList) -> Dict[str, Tensor]:
        """Losses of logits that were computed before, e.g. together with other images.

        Args:
            outputs: class and mask logits of each decoder layer for B images.
            data_samples: the B samples, with ``gt_instances``.

        Returns:
            Losses of all decoder layers.
        """
        targets = self.preprocess_gt([sample.gt_instances for sample in data_samples], [])
        return self.loss_by_feat(*outputs, targets, [sample.metainfo for sample in data_samples])


def _finite(logits: Tensor) -> Tensor:
    """Logits in float32, without NaN and infinity."""
    return logits.float().nan_to_num(nan=0.0, posinf=1e4, neginf=-1e4)
