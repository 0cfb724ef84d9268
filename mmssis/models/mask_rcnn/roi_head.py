"""Mask R-CNN's RoI head with weights per instance, per pixel and for the background."""

from typing import Any, Dict, List, Optional, Tuple, Union

import torch
from mmdet.models.losses import CrossEntropyLoss
from mmdet.models.roi_heads import StandardRoIHead
from mmdet.models.task_modules.samplers import SamplingResult
from mmdet.models.utils import unpack_gt_instances
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.structures.bbox import bbox2roi, get_box_tensor
from mmdet.utils import InstanceList
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.ops import boundary_preserving_map, count_by_kind, divide_by_kind, weighted_mask_bce
from mmssis.structures import check_boundary_map, instance_weights, is_pseudo_labeled

from .mask_iou_head import FCNMaskIoUHead
from .noise_tolerant_mask_head import NoiseTolerantMaskHead
from .roi_targets import Background, crop_masks, crop_weights, roi_weights

Features = Tuple[Tensor, ...]
SamplingResults = List[SamplingResult]


@MODELS.register_module()
class WeightedRoIHead(StandardRoIHead):
    """Losses of the box and mask head read the weights that pseudo labels carry.

    A RoI takes the weights of the instance that it is assigned to: ``cls_weights`` (N,) in the
    classification loss, ``box_weights`` (N,) in the box loss, ``mask_weights`` (N,) and
    ``pixel_weights`` in the mask loss. Negatives weigh the metainfo ``background_weight`` of
    their image's instances or, if given, what ``background`` says. A missing weight means 1;
    with all weights 1 the losses are mmdet's. Normalisation as in PAIS's released code (MIT):
    classification by the sum of the weights, at least 1, where negatives are not separate; boxes
    by the number of sampled RoIs; masks by the number of positives.

    A ``NoiseTolerantMaskHead`` gets the same loss at its coarse size as well. With
    ``boundary_map`` each pixel of the mask losses is also weighted by Noisy Boundaries'
    boundary-preserving map of the student's own prediction.

    RoIs are read from features in float32: under autocast mmdet would round the coordinates to
    half precision, to whole pixels from 1024 on.

    Args:
        *args: as :class:`mmdet.models.StandardRoIHead`.
        boundary_map: settings of :func:`mmssis.ops.boundary_preserving_map` (``scale``, ``eps``,
            ``padding``); None: no map. The released code of Noisy Boundaries reduces the loss
            before it multiplies: in effect ``loss_mask.loss_weight`` times 3.
        **kwargs: as :class:`mmdet.models.StandardRoIHead`.

    Raises:
        TypeError: if the mask loss is not a cross-entropy.
        ValueError: if it is set to a form that the head does not compute, or a boundary setting
            is unknown.
    """

    def __init__(self, *args: Any, boundary_map: Optional[dict] = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.with_mask:
            _check_mask_loss(self.mask_head.loss_mask)
        check_boundary_map(boundary_map)
        self.boundary_map = boundary_map

    @property
    def with_mask_iou(self) -> bool:
        """Whether the mask head predicts the IoU of its masks."""
        return self.with_mask and isinstance(self.mask_head, FCNMaskIoUHead)

    def loss(self, x: Features, rpn_results_list: InstanceList, batch_data_samples: SampleList,
             background: Optional[Background] = None, separate_negatives: bool = False
             ) -> Dict[str, Tensor]:
        """Losses of both heads.

        Args:
            x: levels of features, each (B, C, h, w).
            rpn_results_list: proposals of each image, ``bboxes`` (M, 4); they stay as they are.
            batch_data_samples: samples with ``gt_instances``: ``labels``, ``bboxes``, ``masks``
                (see :func:`crop_masks`) and any of the weights. If their metainfo says
                ``pseudo_labeled``, the mask-IoU loss is not computed.
            background: takes the negative boxes of each image, (P_i, 4) in pixels of the network
                input, and returns the weight of each, (P_i,) in [0, 1].
            separate_negatives: whether the classification loss is the mean over the positives
                plus the mean over the negatives of this rank (PAIS, Eq. 2 and 5).

        Returns:
            ``loss_cls``, ``acc``, ``loss_bbox``, ``loss_mask``; with a mask-IoU branch on true
            labels ``loss_mask_iou``; with a noise-tolerant head ``loss_mask_coarse``.
        """
        batch_gt_instances, ignored, _ = unpack_gt_instances(batch_data_samples)
        sampled = [
            self.sample(*image, feats=[level[i:i + 1] for level in x])
            for i, image in enumerate(zip(rpn_results_list, batch_gt_instances, ignored))
        ]
        box_results = self.bbox_loss(
            x, sampled, batch_gt_instances, background, separate_negatives)
        losses = box_results['loss_bbox']
        if self.with_mask:
            losses.update(self.mask_loss(
                x, sampled, box_results['bbox_feats'], batch_data_samples)['loss_mask'])
        return losses

    def sample(self, proposals: InstanceData, instances: InstanceData,
               ignored: Optional[InstanceData], feats: List[Tensor]) -> SamplingResult:
        """Assign the proposals of one image to its instances and draw some.

        Args:
            proposals: with ``bboxes`` (M, 4).
            instances: with ``bboxes`` (N, 4) and ``labels`` (N,).
            ignored: boxes to stay away from, or None.
            feats: levels of features of the image, each (1, C, h, w), for samplers that look.

        Returns:
            The sample; ``pos_assigned_gt_inds`` counts in ``instances``.
        """
        boxes = get_box_tensor(instances.bboxes)
        # The sampler takes true boxes as proposals; one without area has deltas of log(0 / 0).
        kept = (boxes[:, 2:] > boxes[:, :2]).all(1).nonzero()[:, 0]
        targets = InstanceData(bboxes=instances.bboxes[kept], labels=instances.labels[kept])
        priors = proposals[:]
        priors.priors = priors.pop('bboxes')
        assigned = self.bbox_assigner.assign(priors, targets, ignored)
        sampled = self.bbox_sampler.sample(assigned, priors, targets, feats=feats)
        sampled.pos_assigned_gt_inds = kept[sampled.pos_assigned_gt_inds]
        return sampled

    def bbox_loss(self, x: Features, sampling_results: SamplingResults,
                  batch_gt_instances: InstanceList,
                  background: Optional[Background] = None,
                  separate_negatives: bool = False) -> dict:
        """Forward of the box head and its losses.

        Args:
            x: levels of features.
            sampling_results: RoIs of each image.
            batch_gt_instances: instances of each image.
            background: as in :meth:`loss`.
            separate_negatives: as in :meth:`loss`.

        Returns:
            ``loss_bbox`` (the losses), ``bbox_feats``, ``cls_score``, ``bbox_pred``.
        """
        rois = bbox2roi([result.priors for result in sampling_results])
        results = self._bbox_forward(x, rois)
        labels, cls_weights, targets, box_weights = self.bbox_head.get_targets(
            sampling_results, self.train_cfg)
        by_class, by_box = roi_weights(sampling_results, batch_gt_instances, background)
        cls_weights, divisor = self._divide_classes(
            labels, cls_weights * by_class, separate_negatives)
        # Losses per RoI from mmdet: it would divide by the number of weights above 0.
        losses = self.bbox_head.loss(
            results['cls_score'], results['bbox_pred'], rois, labels, cls_weights, targets,
            box_weights * by_box[:, None], reduction_override='none')
        # Without a single RoI mmdet leaves this one out.
        per_roi = losses.pop('loss_cls', results['cls_score'])
        losses['loss_cls'] = per_roi.sum() / divisor
        losses['loss_bbox'] = losses['loss_bbox'].sum() / max(len(rois), 1)
        return dict(results, loss_bbox=losses)

    def _divide_classes(self, labels: Tensor, weights: Tensor, separate_negatives: bool
                        ) -> Tuple[Tensor, Union[Tensor, int]]:
        """Class weights of the RoIs, and what the sum of their losses is divided by."""
        if not separate_negatives:
            return weights, weights.sum().clamp(min=1)
        positive = labels < self.bbox_head.num_classes
        return divide_by_kind(weights, positive, count_by_kind(weights, positive)), 1

    def mask_loss(self, x: Features, sampling_results: SamplingResults, bbox_feats: Tensor,
                  batch_data_samples: SampleList) -> dict:
        """Forward of the mask head on the positive RoIs and its losses.

        Args:
            x: levels of features.
            sampling_results: RoIs of each image.
            bbox_feats: the box head's RoI features, read if both heads share them.
            batch_data_samples: samples of each image.

        Returns:
            ``loss_mask`` (the losses), ``mask_preds``, ``mask_targets``.
        """
        results = self._forward_positives(x, sampling_results, bbox_feats)
        labels = torch.cat([result.pos_gt_labels for result in sampling_results])
        logits = self.logits_of(results['mask_preds'], labels)
        targets, weights = self._mask_targets(sampling_results, batch_data_samples, self.train_cfg)
        losses = dict(loss_mask=self._mask_bce(logits, targets, weights))
        if 'coarse_preds' in results:
            coarse = self.logits_of(results['coarse_preds'].float(), labels)
            cfg = ConfigDict(self.train_cfg, mask_size=tuple(coarse.shape[1:]))
            losses['loss_mask_coarse'] = self._mask_bce(
                coarse, *self._mask_targets(sampling_results, batch_data_samples, cfg))
        if self.with_mask_iou and not is_pseudo_labeled(
                [sample.metainfo for sample in batch_data_samples]):
            losses['loss_mask_iou'] = self.mask_head.iou_loss(
                results['iou_feats'], logits, targets)
        return dict(results, mask_targets=targets, loss_mask=losses)

    def _mask_bce(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Mean over the P RoIs of the weighted cross-entropy of their masks, all (P, S, S)."""
        if self.boundary_map is not None:
            weights = weights * boundary_preserving_map(logits.sigmoid(), **self.boundary_map)
        bce = weighted_mask_bce(logits.flatten(1), targets.flatten(1), weights.flatten(1))
        return self.mask_head.loss_mask.loss_weight * bce / max(len(logits), 1)

    def _forward_positives(self, x: Features, sampling_results: SamplingResults,
                           bbox_feats: Tensor) -> Dict[str, Tensor]:
        if not self.share_roi_extractor:
            return self._mask_forward(
                x, bbox2roi([result.pos_priors for result in sampling_results]))
        positive = torch.cat([
            torch.arange(len(result.priors), device=bbox_feats.device) < len(result.pos_priors)
            for result in sampling_results
        ])
        return self._mask_forward(x, pos_inds=positive, bbox_feats=bbox_feats)

    @torch.no_grad()
    def _mask_targets(self, sampling_results: SamplingResults,
                      batch_data_samples: SampleList, cfg: ConfigDict) -> Tuple[Tensor, Tensor]:
        """Targets and weights of the positive RoIs at ``cfg.mask_size``, both (P, S, S)."""
        targets, weights = [], []
        for result, sample in zip(sampling_results, batch_data_samples):
            instances, rois = sample.gt_instances, result.pos_priors
            inds, shape = result.pos_assigned_gt_inds, tuple(sample.batch_input_shape)
            targets.append(crop_masks(instances, rois, inds, cfg, shape))
            pixels = crop_weights(instances, rois, inds, targets[-1].shape[1:], shape)
            by_mask = instance_weights(instances, 'mask_weights', inds)
            weights.append(pixels * by_mask[:, None, None])
        return torch.cat(targets), torch.cat(weights)

    def logits_of(self, mask_preds: Tensor, labels: Tensor) -> Tensor:
        """Mask logits of the RoIs' classes.

        Args:
            mask_preds: (P, K, S, S), or (P, 1, S, S) if the head is class-agnostic.
            labels: (P,) long.

        Returns:
            (P, S, S).
        """
        if self.mask_head.class_agnostic:
            return mask_preds[:, 0]
        return mask_preds[torch.arange(len(labels), device=labels.device), labels]

    def _bbox_forward(self, x: Features, rois: Tensor) -> Dict[str, Tensor]:
        """As mmdet's, from features and with outputs in float32."""
        results = super()._bbox_forward([level.float() for level in x], rois)
        return dict(results, cls_score=results['cls_score'].float(),
                    bbox_pred=results['bbox_pred'].float())

    def _mask_forward(self, x: Features, *args: Any, **kwargs: Any) -> Dict[str, Tensor]:
        """As mmdet's, in float32; with it what else our mask heads give, ``extra_output``."""
        results = super()._mask_forward([level.float() for level in x], *args, **kwargs)
        if isinstance(self.mask_head, (FCNMaskIoUHead, NoiseTolerantMaskHead)):
            results['mask_preds'], results[self.mask_head.extra_output] = results['mask_preds']
        return dict(results, mask_preds=results['mask_preds'].float())


def _check_mask_loss(loss: Any) -> None:
    """Refuse settings that the weighted loss would pass over in silence."""
    if not isinstance(loss, CrossEntropyLoss):
        raise TypeError(f'loss_mask of roi_head.mask_head is a {type(loss).__name__}: its weighted '
                        'form is not implemented, use CrossEntropyLoss')
    if not loss.use_mask or loss.class_weight is not None:
        raise ValueError('loss_mask of roi_head.mask_head must be a binary cross-entropy: '
                         'set use_mask=True and leave out class_weight')
