"""CondInst's mask head for masks, boxes, and boxes with pseudo masks, all with weights.

Axes: N instances and M selected points of one image, h x w cells of the mask logits at stride 4.
Derived from mmdet's ``CondInstMaskHead`` and ``BoxInstMaskHead`` (Apache-2.0).
"""

from typing import Any, Dict, List, Optional, Tuple

import torch
from mmdet.models.dense_heads import CondInstMaskHead
from mmdet.models.losses.dice_loss import dice_loss
from mmdet.models.utils import aligned_bilinear, unpack_gt_instances
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import InstanceList, reduce_mean
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.ops import (affinity_loss, mask_affinity, mask_quality, pairwise_loss, projection_loss,
                        weighted_mask_bce)
from mmssis.structures import instance_weights

from .dynamic_conv import dynamic_masks, select_positives
from .mask_targets import cell_boxes, cell_masks, cell_weights
from .settings import check_labels, check_mask_settings

LOSSES = ('loss_mask', 'loss_project', 'loss_pairwise', 'loss_pseudo_mask', 'loss_affinity')
# Sum over the points or pairs of an image, and what it is divided by.
Terms = Dict[str, Tuple[Tensor, Tensor]]


@MODELS.register_module()
class WeightedCondInstMaskHead(CondInstMaskHead):
    """Mask losses of the best positive points, by the kind of labels that an image has.

    ============  =====================================================================
    image         losses
    ============  =====================================================================
    with masks    ``loss_mask``: dice, times ``mask_weights`` (N,), its sums over pixels
                  weighted by ``pixel_weights`` (N, h, w)
    with boxes    ``loss_project`` and ``loss_pairwise`` (BoxInst)
    with boxes    besides ``loss_pseudo_mask`` (dice as above) and ``loss_affinity``, both times
    and pseudo    ``mask_weights``, of the pseudo masks inside their boxes (BoxTeacher,
    masks         section 4.2)
    ============  =====================================================================

    An image has boxes if the metainfo ``box_labeled`` of its sample says so, and masks otherwise.
    With boxes it needs the metainfo ``color_similarity`` (8, h, w), see
    :func:`mmssis.ops.color_similarity`; pixels without labels are left out there. With pseudo masks
    ``labeled_cells`` (h, w), bool, says the same for the affinity; without it only padding is left
    out. A missing weight means 1; with all weights 1 and true masks the losses are mmdet's.

    Every loss is a mean over all points that have it, of all images and ranks; ``loss_pairwise``
    over pairs of pixels, ``loss_pseudo_mask`` and ``loss_affinity`` over points of weight above 0.
    All five are always there, 0 with a graph if no image has them.

    The dynamic head is right for unequal numbers of channels: 16 mask channels and layers of 8
    need 233 parameters. It may run in half precision, the losses are computed in float32.

    Args:
        *args: as :class:`mmdet.models.CondInstMaskHead`.
        topk_masks_per_img: points of an image that learn masks, split evenly over its instances,
            see :func:`select_positives`; 64 in BoxTeacher, -1 takes all.
        pseudo_mask_weight: of ``loss_pseudo_mask``, at least 0; 0.5 in BoxTeacher.
        affinity_weight: of ``loss_affinity``, at least 0; 0.1 in BoxTeacher.
        pseudo_mask_loss: pixel loss of pseudo masks, 'dice' (BoxTeacher) or 'bce', the mean binary
            cross-entropy over all cells, which costs AP (Table 4).
        warm_up: iterations in which ``loss_pairwise``, ``loss_pseudo_mask`` and ``loss_affinity``
            grow linearly from 0, by the metainfo ``iteration`` of the samples; 0 for none.
        affinity_threshold: least affinity of a pair, in [0, 1]; None weighs pairs by it.
        color_threshold: least similarity of the colours of a pair, in [0, 1].
        dilation: distance of neighbouring cells, at least 1; that of ``color_similarity``.
        mask_rescore: whether test scores become ``sqrt(sqrt(s) m)``, with the mean probability m
            of the mask's foreground, as BoxTeacher's released evaluation has it and CondInst's and
            BoxInst's does not.
        **kwargs: as :class:`mmdet.models.CondInstMaskHead`; ``loss_mask`` is a ``DiceLoss`` with
            squared denominators.

    Raises:
        TypeError: if the mask loss is of another kind.
        ValueError: if a setting is out of its range, or of a form that is not computed.
    """

    def __init__(self, *args: Any, topk_masks_per_img: int = 64, pseudo_mask_weight: float = 0.5,
                 affinity_weight: float = 0.1, pseudo_mask_loss: str = 'dice', warm_up: int = 10000,
                 affinity_threshold: Optional[float] = 0.5, color_threshold: float = 0.3,
                 dilation: int = 2, mask_rescore: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, topk_masks_per_img=topk_masks_per_img, **kwargs)
        self.pseudo_mask_weight = pseudo_mask_weight
        self.affinity_weight = affinity_weight
        self.pseudo_mask_loss = pseudo_mask_loss
        self.warm_up = warm_up
        self.affinity_threshold = affinity_threshold
        self.color_threshold = color_threshold
        self.dilation = dilation
        self.mask_rescore = mask_rescore
        check_mask_settings(self)

    def parse_dynamic_params(self, params: Tensor) -> Tuple[List[Tensor], List[Tensor]]:
        """Weights and biases of the layers of the dynamic head.

        Args:
            params: (M, num_params), weights of all layers before biases of all layers.

        Returns:
            Weights (M, outputs, inputs) and biases (M, outputs) of each layer; mmdet flattens
            them for one grouped convolution.
        """
        parts = params.split(self.weight_nums + self.bias_nums, 1)
        weights, biases = parts[:self.num_layers], parts[self.num_layers:]
        return [weight.unflatten(1, (bias.shape[1], weight.shape[1] // bias.shape[1]))
                for weight, bias in zip(weights, biases)], list(biases)

    def forward_single(self, mask_feat: Tensor, positive_info: InstanceData) -> Tuple[Tensor]:
        """Masks of one image.

        Args:
            mask_feat: mask features, (C, h', w').
            positive_info: M points with ``param_preds``, ``points`` and ``strides``.

        Returns:
            Mask logits (M, h, w), float32, alone in a tuple.
        """
        shape = mask_feat.shape[1:]
        cells = self.prior_generator.single_level_grid_priors(
            shape, 0, device=mask_feat.device).view(*shape, 2)
        reach = positive_info.strides[:, None] * self.size_of_interest
        right = (positive_info.points[:, :1] - cells[0, :, 0]) / reach
        down = (positive_info.points[:, 1:] - cells[:, 0, 1]) / reach
        logits = dynamic_masks(
            mask_feat, right, down, *self.parse_dynamic_params(positive_info.param_preds))
        factor = self.mask_feat_stride // self.mask_out_stride
        return aligned_bilinear(logits[:, None].float(), factor)[:, 0],

    def loss(self, x: Tuple[Tensor, ...], batch_data_samples: SampleList,
             positive_infos: InstanceList) -> Dict[str, Tensor]:
        """Select points, compute their masks and losses; samples are not changed.

        Args:
            x: levels of features, each (B, C, h, w).
            batch_data_samples: samples with ``gt_instances`` and their kind in the metainfo.
            positive_infos: positive points of each image, from the box head.

        Returns:
            As :meth:`loss_by_feat`.
        """
        selected = [select_positives(image, self.topk_masks_per_img) for image in positive_infos]
        mask_logits, = self(x, selected)
        instances, _, metas = unpack_gt_instances(batch_data_samples)
        return self.loss_by_feat(mask_logits, instances, metas, selected)

    def loss_by_feat(self, mask_preds: List[Tensor], batch_gt_instances: InstanceList,
                     batch_img_metas: List[dict], positive_infos: InstanceList,
                     **kwargs: Any) -> Dict[str, Tensor]:
        """Losses of masks.

        Args:
            mask_preds: mask logits of each image, (M, h, w).
            batch_gt_instances: instances of each image with ``bboxes``, ``masks`` and weights.
            batch_img_metas: metainfo of each image, with ``box_labeled`` and what it asks for.
            positive_infos: the M selected points of each image.
            **kwargs: not read.

        Returns:
            The losses of :data:`LOSSES`.

        Raises:
            ValueError: if an image lacks what its kind needs, or has masks of another kind.
        """
        terms = [self._terms(*image) for image in zip(
            mask_preds, batch_gt_instances, batch_img_metas, positive_infos)]
        nothing = sum(logits[:0].sum() for logits in mask_preds)
        sums, counts = (
            [sum((image[name][part] for image in terms if name in image), nothing)
             for name in LOSSES] for part in (0, 1))
        # One reduction for all, on every rank, with points or without.
        counts = reduce_mean(torch.stack(counts).detach()).clamp(min=1)
        scales = (1.0, 1.0, ramp := self._ramp(batch_img_metas), ramp * self.pseudo_mask_weight,
                  ramp * self.affinity_weight)
        return {name: scale * total / count
                for name, scale, total, count in zip(LOSSES, scales, sums, counts)}

    def _ramp(self, metas: List[dict]) -> float:
        """Share of the warm-up that is over, in [0, 1], by the samples' ``iteration``."""
        if not self.warm_up:
            return 1.0
        return min(max(meta.get('iteration', 0) for meta in metas) / self.warm_up, 1.0)

    def _terms(self, logits: Tensor, instances: InstanceData, meta: dict,
               positives: InstanceData) -> Terms:
        """What one image adds to the losses."""
        box_labeled = meta.get('box_labeled', False)
        if len(instances):
            check_labels(instances, meta, box_labeled)
        if len(logits) == 0:
            return {}
        owners = positives.pos_assigned_gt_inds
        if not box_labeled:
            masks = cell_masks(instances, logits.shape[1:], self.mask_out_stride)
            return dict(loss_mask=self._dice(logits, masks, instances, owners))
        terms = self._box_terms(logits, instances, meta, owners)
        if 'masks' in instances:
            terms.update(self._pseudo_terms(logits, instances, meta, owners))
        return terms

    def _dice(self, logits: Tensor, masks: Tensor, instances: InstanceData,
              owners: Tensor) -> Tuple[Tensor, Tensor]:
        """Weighted sum of the dice losses of M points, and M; masks (N, h, w)."""
        targets = masks[owners]
        pixel_weights = cell_weights(instances, logits.shape[1:])
        if pixel_weights is not None:
            # Squared sums: the root of a weight in both factors is the weight in their product.
            roots = pixel_weights[owners].sqrt()
            losses = self.loss_mask.loss_weight * dice_loss(
                logits.sigmoid() * roots, targets * roots, eps=self.loss_mask.eps,
                reduction='none')
        else:
            losses = self.loss_mask(logits, targets, reduction_override='none')
        weights = instance_weights(instances, 'mask_weights', owners)
        return (losses * weights).sum(), logits.new_tensor(len(logits))

    def _bce(self, logits: Tensor, masks: Tensor, instances: InstanceData,
             owners: Tensor) -> Tuple[Tensor, Tensor]:
        """As :meth:`_dice`, of the cross-entropy."""
        weights = instance_weights(instances, 'mask_weights', owners)[:, None, None]
        pixel_weights = cell_weights(instances, logits.shape[1:])
        if pixel_weights is not None:
            weights = weights * pixel_weights[owners]
        total = weighted_mask_bce(logits.flatten(1), masks[owners].flatten(1),
                                  weights.expand_as(logits).flatten(1))
        return self.loss_mask.loss_weight * total, logits.new_tensor(len(logits))

    def _box_terms(self, logits: Tensor, instances: InstanceData, meta: dict,
                   owners: Tensor) -> Terms:
        """BoxInst's losses of one image."""
        boxes = cell_boxes(instances.bboxes, logits.shape[1:], self.mask_out_stride)[owners]
        sums, pairs = pairwise_loss(
            logits, meta['color_similarity'][None], boxes, index=torch.zeros_like(owners),
            threshold=self.color_threshold, dilation=self.dilation)
        return dict(
            loss_project=(projection_loss(logits, boxes).sum(), logits.new_tensor(len(logits))),
            loss_pairwise=(sums.sum(), pairs.sum()))

    def _pseudo_terms(self, logits: Tensor, instances: InstanceData, meta: dict,
                      owners: Tensor) -> Terms:
        """BoxTeacher's losses of one image, of the points whose instance has a pseudo mask."""
        points = (instance_weights(instances, 'mask_weights', owners) > 0).nonzero()[:, 0]
        if len(points) == 0:
            return {}
        logits, (used, owners) = logits[points], owners[points].unique(return_inverse=True)
        instances, grid = instances[used], logits.shape[1:]
        boxes = cell_boxes(instances.bboxes, grid, self.mask_out_stride)
        masks = cell_masks(instances, grid, self.mask_out_stride) * boxes
        affinity = mask_affinity(
            masks, dilation=self.dilation, valid=self._labeled_cells(meta, boxes))
        if self.affinity_threshold is not None:
            # One byte per pair before it is repeated for every point of an instance.
            affinity = affinity >= self.affinity_threshold
        losses = affinity_loss(
            logits, affinity[owners], threshold=self.affinity_threshold, region=boxes[owners],
            dilation=self.dilation)
        weights = instance_weights(instances, 'mask_weights', owners)
        pixel_loss = self._bce if self.pseudo_mask_loss == 'bce' else self._dice
        return dict(loss_pseudo_mask=pixel_loss(logits, masks, instances, owners),
                    loss_affinity=((losses * weights).sum(), logits.new_tensor(len(logits))))

    def _labeled_cells(self, meta: dict, like: Tensor) -> Tensor:
        """Cells of an image that count as neighbours, bool (h, w), of the grid of (..., h, w)."""
        if 'labeled_cells' in meta:
            return meta['labeled_cells']
        image = like.new_tensor([[0, 0, *meta['img_shape'][1::-1]]], dtype=torch.float32)
        return cell_boxes(image, like.shape[-2:], self.mask_out_stride)[0]

    def predict_by_feat(self, mask_preds: List[Tensor], results_list: InstanceList,
                        *args: Any, **kwargs: Any) -> InstanceList:
        """As mmdet's, with scores that count the masks if ``mask_rescore`` says so.

        Args:
            mask_preds: mask logits of each image, (M, h, w).
            results_list: detections of each image.
            *args: as in mmdet.
            **kwargs: as in mmdet.

        Returns:
            Detections of each image with ``masks``.
        """
        if self.mask_rescore:
            for logits, results in zip(mask_preds, results_list):
                results.scores = (results.scores.sqrt() * mask_quality(logits)).sqrt()
        return super().predict_by_feat(mask_preds, results_list, *args, **kwargs)
