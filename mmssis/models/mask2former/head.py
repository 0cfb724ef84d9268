"""Mask2Former's head with weights per instance and per pixel."""

import inspect
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import torch
from mmcv.ops import point_sample
from mmdet.models.dense_heads import Mask2FormerHead
from mmdet.models.losses import CrossEntropyLoss, DiceLoss
from mmdet.models.task_modules import HungarianAssigner
from mmdet.models.utils import get_uncertain_point_coords_with_randomness
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import InstanceList, reduce_mean
from mmengine.structures import InstanceData
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from mmssis.ops import (boundary_preserving_map_in_boxes, sample_points, weighted_mask_bce,
                        weighted_mask_dice)
from mmssis.structures import (background_weight, boxes_on_grid, check_boundary_map,
                               is_pseudo_labeled, masks_on_doubtful, pixel_weights_at)

WEIGHTS = ('cls_weights', 'mask_weights', 'pixel_weights', 'pixel_logits')
# mmdet's own Mask2Former configs set it, and its head does not read it.
UNREAD_BY_MMDET = {'strides'}
Matches = List[Tuple[Tensor, Tensor]]


@MODELS.register_module()
class WeightedMask2FormerHead(Mask2FormerHead):
    """Losses of every decoder layer read the weights that pseudo labels carry.

    ``pixel_weights`` (N, h, w) enter the point-sampled binary cross-entropy (PL-DC Eq. 11), and
    so does the certainty of ``pixel_logits`` (N, h, w) at each point (Eq. 10);
    ``mask_weights`` (N,) multiply an instance's mask losses and ``cls_weights`` (N,) the
    classification loss of its query; ``background_weight`` in the metainfo of an image's
    instances multiplies that of queries without a match, but those on a doubtful region, see
    :mod:`mmssis.structures.doubtful`, do not count. A missing weight means 1; with all
    weights 1 the losses are mmdet's. :meth:`match` and the losses are adapted from mmdet's
    ``Mask2FormerHead`` (Apache-2.0); masks stay bool at their own resolution, the matching runs
    in float32, and a decoder layer brings its costs to the CPU in one transfer.

    Several images can share one ``forward``: cut its outputs along the images, and give each part
    with its samples to :meth:`loss_of_outputs`.

    Args:
        *args: as :class:`mmdet.models.Mask2FormerHead`.
        weight_dice_by_pixel: whether ``pixel_weights`` enter the dice loss too. The paper
            leaves it open, the released code does not. Dice is a ratio: pixels of a mask count
            against each other, but a mask that weighs little as a whole keeps its loss.
        boundary_map: settings of :func:`mmssis.ops.boundary_preserving_map_in_boxes` (``scale``,
            ``eps``, ``padding``), whose map of the prediction, in a RoI around each target, weighs
            the points of the cross-entropy too (Noisy Boundaries); None: no map.
        normalize_pixel_weights: divide the cross-entropy by the mean pixel weight of all matched
            masks of the batch, over all ranks, as the released code of Weighting Pseudo-Labels
            divides by the sum: a mask that weighs less than the others as a whole counts less,
            and a batch that weighs the same everywhere as much as one without weights. Dice does
            not divide by it.
        mask_divisor: what divides the mask losses of images with pseudo labels. 'masks': their
            number over all ranks, at least 1 per rank, as in Mask2Former (PL-DC Eq. 11). 'mmdet':
            an image without a mask counts as one, so that few pseudo labels weigh less. On
            labels it is always mmdet's.
        **kwargs: as :class:`mmdet.models.Mask2FormerHead`, which would swallow unknown names.

    Raises:
        TypeError: if a setting is unknown, or a loss or the assigner is of another kind.
        ValueError: if there are stuff classes, as the head is for instances, or if a loss is set
            to a form that it does not compute.
    """

    loss_names: Tuple[str, ...] = ('loss_cls', 'loss_mask', 'loss_dice')

    def __init__(self, *args: Any, weight_dice_by_pixel: bool = False,
                 normalize_pixel_weights: bool = False, boundary_map: Optional[dict] = None,
                 mask_divisor: str = 'masks', **kwargs: Any) -> None:
        known = set(inspect.signature(Mask2FormerHead).parameters) | UNREAD_BY_MMDET
        if unknown := sorted(set(kwargs) - known):
            raise TypeError(f'panoptic_head has no setting {unknown}: correct or remove it')
        super().__init__(*args, **kwargs)
        if self.num_stuff_classes:
            raise ValueError(f'num_stuff_classes = {self.num_stuff_classes} of panoptic_head: '
                             'this head is for instances, set it to 0')
        self._check_losses()
        check_boundary_map(boundary_map)
        if mask_divisor not in ('masks', 'mmdet'):
            raise ValueError(f"mask_divisor = {mask_divisor!r} of panoptic_head: give 'masks' or "
                             "'mmdet'")
        self.mask_divisor = mask_divisor
        self.boundary_map = boundary_map
        self.weight_dice_by_pixel = weight_dice_by_pixel
        self.normalize_pixel_weights = normalize_pixel_weights

    def _check_losses(self) -> None:
        """Refuse settings that the weighted losses would pass over in silence."""
        _check_type('loss_mask', self.loss_mask, CrossEntropyLoss)
        _check_type('loss_dice', self.loss_dice, DiceLoss)
        if self.train_cfg:
            _check_type('train_cfg.assigner', self.assigner, HungarianAssigner)
        if not self.loss_mask.use_sigmoid or self.loss_mask.class_weight is not None:
            raise ValueError('loss_mask of panoptic_head must be a binary cross-entropy: '
                             'set use_sigmoid=True and leave out class_weight')
        if not (self.loss_dice.use_sigmoid and self.loss_dice.activate
                and self.loss_dice.naive_dice):
            raise ValueError("loss_dice of panoptic_head must be Mask2Former's: "
                             'set use_sigmoid, activate and naive_dice to True')

    def preprocess_gt(self, batch_gt_instances: InstanceList,
                      batch_gt_semantic_segs: List[Optional[object]]) -> InstanceList:
        """Bring labels of both kinds into one form; masks stay bool.

        Args:
            batch_gt_instances: instances of each image with ``labels``, ``masks`` (mmdet's
                ``BitmapMasks`` or a tensor (N, H, W)) and any of the weights.
            batch_gt_semantic_segs: not read; there are no stuff classes.

        Returns:
            Instances of each image with ``labels``, ``masks`` (N, H, W) bool and the weights.

        Raises:
            ValueError: if masks are not binary.
        """
        return [self._preprocess_single(instances) for instances in batch_gt_instances]

    @staticmethod
    def _preprocess_single(instances: InstanceData) -> InstanceData:
        masks = instances.masks
        if not torch.is_tensor(masks):
            masks = masks.to_tensor(dtype=torch.bool, device=instances.labels.device)
        if masks.is_floating_point():
            raise ValueError(f'masks of gt_instances are {masks.dtype}: give bool masks, for '
                             'example masks > 0.5')
        weights = {name: instances[name] for name in WEIGHTS if name in instances}
        return InstanceData(metainfo=instances.metainfo, labels=instances.labels,
                            masks=masks.bool(), **weights)

    def loss_by_feat(self, all_cls_scores: List[Tensor], all_mask_preds: List[Tensor],
                     batch_gt_instances: InstanceList,
                     batch_img_metas: List[dict]) -> Dict[str, Tensor]:
        """Losses of all decoder layers.

        Args:
            all_cls_scores: class logits of each layer, (B, Q, K + 1).
            all_mask_preds: mask logits of each layer, (B, Q, h, w).
            batch_gt_instances: from :meth:`preprocess_gt`.
            batch_img_metas: metainfo of each image.

        Returns:
            Losses under mmdet's names, those of the last layer without a prefix.
        """
        num_masks = self._num_masks(batch_gt_instances, batch_img_metas, all_cls_scores[0].device)
        *auxiliary, last = [
            self._layer_losses(cls_logits, mask_logits, batch_gt_instances, batch_img_metas,
                               num_masks)
            for cls_logits, mask_logits in zip(all_cls_scores, all_mask_preds)
        ]
        losses = dict(zip(self.loss_names, last))
        for i, values in enumerate(auxiliary):
            losses.update(zip([f'd{i}.{name}' for name in self.loss_names], values))
        return losses

    def _num_masks(self, batch_gt_instances: InstanceList, batch_img_metas: List[dict],
                   device: torch.device) -> Tensor:
        """Divisor of the mask losses, the same for all layers: one reduction, on every rank."""
        # As in mmdet's sampling result, an image without a match counts as one mask.
        least = 0 if self.mask_divisor == 'masks' and is_pseudo_labeled(batch_img_metas) else 1
        count = sum(max(min(len(instances), self.num_queries), least)
                    for instances in batch_gt_instances)
        return reduce_mean(torch.tensor(float(count), device=device)).clamp(min=1)

    def _layer_losses(self, cls_logits: Tensor, mask_logits: Tensor,
                      batch_gt_instances: InstanceList, batch_img_metas: List[dict],
                      num_masks: Tensor) -> Tuple[Tensor, ...]:
        """Losses of one decoder layer, scalars in the order of ``loss_names``."""
        matches = self.match(cls_logits, mask_logits, batch_gt_instances, batch_img_metas)
        loss_cls = self._class_loss(cls_logits, mask_logits, batch_gt_instances, matches)
        return (loss_cls, *self._mask_losses(mask_logits, batch_gt_instances, matches, num_masks))

    def _mask_losses(self, mask_logits: Tensor, batch_gt_instances: InstanceList,
                     matches: Matches, num_masks: Tensor) -> Tuple[Tensor, Tensor]:
        """Mask and dice loss of one decoder layer, scalars."""
        matched_logits = self._matched(mask_logits, matches).float()
        if len(matched_logits) == 0:
            # Other ranks may have masks: this one joins their reduction.
            self._mean_pixel_weight(matched_logits.new_zeros((0, 1)))
            # A 0 that keeps the graph, so that all ranks reduce the same gradients.
            return matched_logits.sum(), matched_logits.sum()
        points, targets, pixel_weights, mask_weights = self._point_targets(
            matched_logits.detach(), batch_gt_instances, matches)
        logits = point_sample(matched_logits.unsqueeze(1), points).squeeze(1)
        bce = weighted_mask_bce(logits, targets, mask_weights[:, None] * pixel_weights
                                * self._boundary_weights(matched_logits.detach(), points,
                                                         batch_gt_instances, matches))
        dice_weights = pixel_weights if self.weight_dice_by_pixel else torch.ones_like(logits)
        dice = weighted_mask_dice(logits, targets, dice_weights, self.loss_dice.eps)
        mean_weight = self._mean_pixel_weight(pixel_weights)
        loss_mask = self.loss_mask.loss_weight * bce / (num_masks * mean_weight)
        loss_dice = self.loss_dice.loss_weight * (mask_weights * dice).sum() / num_masks
        return loss_mask, loss_dice

    def _mean_pixel_weight(self, pixel_weights: Tensor) -> Tensor:
        """Mean of the weights (N, P) of all ranks; 1 where the loss is not divided by it.

        Every rank must call it once per decoder layer, also with N = 0.
        """
        if not self.normalize_pixel_weights:
            return pixel_weights.new_ones(())
        total, count = reduce_mean(torch.stack([
            pixel_weights.mean(1).sum(), pixel_weights.new_full((), len(pixel_weights))]))
        # Weights of 0 everywhere give a loss of 0.
        return (total / count.clamp(min=1e-6)).clamp(min=1e-6)

    def _boundary_weights(self, mask_logits: Tensor, points: Tensor,
                          batch_gt_instances: InstanceList, matches: Matches) -> Tensor:
        """Boundary-preserving map of masks (N, h, w) at their points (N, P, 2); 1 without it."""
        if self.boundary_map is None:
            return points.new_ones(())
        boxes = torch.cat([boxes_on_grid(instances.masks, mask_logits.shape[1:])[matched]
                           for instances, (_, matched) in zip(batch_gt_instances, matches)])
        maps = boundary_preserving_map_in_boxes(
            mask_logits.sigmoid(), boxes, **self.boundary_map)
        return point_sample(maps.unsqueeze(1), points).squeeze(1)

    def _matched(self, values: Tensor, matches: Matches) -> Tensor:
        """Rows of (B, Q, ...) that were matched, image by image: (N, ...)."""
        rows = torch.cat([i * self.num_queries + queries for i, (queries, _) in enumerate(matches)])
        return values.flatten(0, 1).index_select(0, rows)

    @torch.no_grad()
    def match(self, cls_logits: Tensor, mask_logits: Tensor, batch_gt_instances: InstanceList,
              batch_img_metas: List[dict]) -> Matches:
        """Hungarian matching of each image, on random points, in float32.

        Under autocast mmdet's cost overflows: it sums 12,544 points before it divides. A NaN is
        replaced here so that it reaches the loss, where it is named, not the matching.

        Args:
            cls_logits: (B, Q, K + 1).
            mask_logits: (B, Q, h, w).
            batch_gt_instances: from :meth:`preprocess_gt`.
            batch_img_metas: metainfo of each image.

        Returns:
            For each image with N instances the matched queries and their instances, both
            (min(N, Q),) long, by ascending query.
        """
        with torch.autocast(cls_logits.device.type, enabled=False):
            costs = [self._match_cost(*image) for image in zip(
                cls_logits, mask_logits, batch_gt_instances, batch_img_metas)]
        # One transfer for all images: at each, the host waits for the device.
        on_host = torch.cat([cost.flatten() for cost in costs]).cpu()
        parts = on_host.split([cost.numel() for cost in costs])
        pairs = [np.stack(linear_sum_assignment(part.view(cost.shape).numpy()))
                 for part, cost in zip(parts, costs)]
        joined = torch.from_numpy(np.concatenate(pairs, axis=1)).to(cls_logits.device)
        return [(part[0], part[1])
                for part in joined.split([pair.shape[1] for pair in pairs], dim=1)]

    def _match_cost(self, cls_logits: Tensor, mask_logits: Tensor, instances: InstanceData,
                    img_meta: dict) -> Tensor:
        """Cost (Q, N) of each pair of query and instance of one image."""
        points = torch.rand((1, self.num_points, 2), device=cls_logits.device)
        num_queries, num_instances = len(cls_logits), len(instances)
        if num_instances == 0:
            return points.new_zeros((num_queries, 0))
        mask_points = point_sample(
            mask_logits.float().unsqueeze(1), points.expand(num_queries, -1, -1)).squeeze(1)
        rows = torch.arange(num_instances, device=points.device)
        predicted = InstanceData(scores=_finite(cls_logits), masks=_finite(mask_points))
        wanted = InstanceData(
            labels=instances.labels, masks=sample_points(instances.masks, points, rows))
        return sum(cost(pred_instances=predicted, gt_instances=wanted, img_meta=img_meta)
                   for cost in self.assigner.match_costs)

    def _class_loss(self, cls_logits: Tensor, mask_logits: Tensor,
                    batch_gt_instances: InstanceList, matches: Matches) -> Tensor:
        """Cross-entropy over K + 1; queries without a match are no-object, or doubtful."""
        labels = torch.full(cls_logits.shape[:2], self.num_classes, device=cls_logits.device)
        weights = torch.ones_like(labels, dtype=torch.float32)
        judged = torch.ones_like(labels, dtype=torch.bool)
        for i, (instances, (queries, matched)) in enumerate(zip(batch_gt_instances, matches)):
            labels[i, queries] = instances.labels[matched]
            weights[i] = background_weight(instances)
            judged[i] = ~masks_on_doubtful(mask_logits[i], instances)
            judged[i, queries] = True
            weights[i, queries] = (instances.cls_weights[matched].float()
                                   if 'cls_weights' in instances else 1.0)
        class_weight = cls_logits.new_tensor(self.class_weight)
        return self.loss_cls(cls_logits.flatten(0, 1), labels.flatten(),
                             (weights * judged).flatten(),
                             avg_factor=(class_weight[labels] * judged).sum())

    @torch.no_grad()
    def _point_targets(self, mask_logits: Tensor, batch_gt_instances: InstanceList,
                       matches: Matches) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
        """Points of the N matched masks, where the student is unsure, and their targets.

        Returns:
            Points (N, P, 2), targets (N, P), pixel weights (N, P) and mask weights (N,).
        """
        points = get_uncertain_point_coords_with_randomness(
            mask_logits.unsqueeze(1), None, self.num_points, self.oversample_ratio,
            self.importance_sample_ratio)
        targets = points.new_zeros(points.shape[:2])
        pixel_weights = torch.ones_like(targets)
        mask_weights = points.new_ones(len(points))
        start = 0
        for instances, (queries, matched) in zip(batch_gt_instances, matches):
            part = slice(start, start + len(queries))
            start += len(queries)
            targets[part] = sample_points(instances.masks, points[part], matched)
            weights = pixel_weights_at(instances, lambda maps: sample_points(
                maps.float(), points[part], matched, border=True))
            if weights is not None:
                pixel_weights[part] = weights
            if 'mask_weights' in instances:
                mask_weights[part] = instances.mask_weights[matched].float()
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


def _check_type(name: str, module: Any, expected: type) -> None:
    if not isinstance(module, expected):
        raise TypeError(f'{name} of panoptic_head is a {type(module).__name__}: its weighted form '
                        f'is not implemented, use {expected.__name__}')
