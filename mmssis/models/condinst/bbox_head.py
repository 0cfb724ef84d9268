"""CondInst's box head with weights per instance and for the background.

Axes: B images, N instances and P points of an image, M positive points of the batch, K classes.
Adapted from mmdet's ``CondInstBboxHead`` (Apache-2.0).
"""

from typing import Dict, List, NamedTuple, Tuple

import torch
from mmdet.models.dense_heads import CondInstBboxHead
from mmdet.registry import MODELS
from mmdet.structures.bbox import get_box_tensor
from mmdet.utils import InstanceList, OptInstanceList, reduce_mean
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.structures import background_weight, instance_weights, points_on_doubtful

from .points import Points, assign_points, distances


class Positives(NamedTuple):
    """Points that have an instance, image after image.

    Attributes:
        images: (M,) long.
        points: (M,) long, in [0, P).
        owners: index of the instance among those of its image, (M,) long.
        counts: number of positive points of each image.
    """

    images: Tensor
    points: Tensor
    owners: Tensor
    counts: List[int]


@MODELS.register_module()
class WeightedCondInstBboxHead(CondInstBboxHead):
    """Losses of boxes and classes read the weights that pseudo labels carry.

    A point takes the weights of the instance that it is assigned to: ``cls_weights`` (N,) in the
    classification loss, ``box_weights`` (N,) in the box and in the centerness loss. Points without
    an instance weigh the metainfo ``background_weight`` of their image's instances in the
    classification loss, 0 on a doubtful region. A missing weight means 1; with all weights 1 the
    losses are mmdet's. They are divided by what mmdet divides by, numbers of points and sums of
    centerness, not of weights.

    Losses are computed in float32. Targets are made for positive points alone, and the parameters
    of other points are not copied; see :func:`assign_points` for what masks have to do with it.

    Args:
        *args: as :class:`mmdet.models.CondInstBboxHead`.
        **kwargs: as :class:`mmdet.models.CondInstBboxHead`. ``num_params`` is 233 for 16 mask
            channels and a dynamic head of 8.
    """

    def forward(self, x: Tuple[Tensor, ...]) -> Tuple[List[Tensor], ...]:
        """As mmdet's, in float32 but for the parameters: its NMS knows no half precision on a CPU.

        Args:
            x: levels of features, each (B, C, h, w).

        Returns:
            Class logits, boxes, centerness logits and parameters of each level.
        """
        *outputs, params = super().forward(x)
        return (*([level.float() for level in levels] for levels in outputs), params)

    def loss_by_feat(self, cls_scores: List[Tensor], bbox_preds: List[Tensor],
                     centernesses: List[Tensor], param_preds: List[Tensor],
                     batch_gt_instances: InstanceList, batch_img_metas: List[dict],
                     batch_gt_instances_ignore: OptInstanceList = None) -> Dict[str, Tensor]:
        """Losses of all points; keeps what the mask head needs of the positive ones.

        Args:
            cls_scores: class logits of each level, (B, K, h, w).
            bbox_preds: distances to the sides of each level, (B, 4, h, w).
            centernesses: centerness logits of each level, (B, 1, h, w).
            param_preds: parameters of the dynamic head of each level, (B, num_params, h, w).
            batch_gt_instances: instances of each image with ``bboxes``, ``labels`` and any of the
                weights.
            batch_img_metas: not read.
            batch_gt_instances_ignore: not read, as in mmdet.

        Returns:
            ``loss_cls``, ``loss_bbox``, ``loss_centerness``.
        """
        points = self.points_of(bbox_preds)
        radius = self.center_sample_radius if self.center_sampling else None
        owners = torch.stack([
            assign_points(points, instances, radius) for instances in batch_gt_instances])
        images, inds = (owners >= 0).nonzero(as_tuple=True)
        counts = images.bincount(minlength=len(owners)).tolist()
        positives = Positives(images, inds, owners[images, inds], counts)
        logits, boxes, centerness = (_flat(levels).float()
                                     for levels in (cls_scores, bbox_preds, centernesses))
        self._raw_positive_infos = dict(positives=_infos(
            positives, points, logits, centerness, _flat(param_preds)))
        num_pos = reduce_mean(logits.new_tensor(float(len(inds)))).clamp(min=1)
        return dict(
            loss_cls=self._loss_cls(logits, positives, points, batch_gt_instances, num_pos),
            **self._box_losses(boxes, centerness, positives, points, batch_gt_instances, num_pos))

    def points_of(self, levels: List[Tensor]) -> Points:
        """The points of all levels.

        Args:
            levels: maps of each level, (B, C, h, w).
        """
        priors = self.prior_generator.grid_priors(
            [level.shape[-2:] for level in levels], levels[0].dtype, levels[0].device,
            with_stride=True)
        ranges = [part.new_tensor(bounds).expand(len(part), 2)
                  for part, bounds in zip(priors, self.regress_ranges)]
        everything = torch.cat(priors)
        return Points(everything[:, :2], everything[:, 2], torch.cat(ranges))

    def _loss_cls(self, logits: Tensor, positives: Positives, points: Points,
                  instances: InstanceList, num_pos: Tensor) -> Tensor:
        """Classification loss of logits (B, K, P)."""
        where = positives.images, positives.points
        labels = torch.full_like(logits[:, 0], self.num_classes, dtype=torch.long)
        labels[where] = _owned(positives, [image.labels for image in instances])
        weights = torch.stack([
            background_weight(image) * ~points_on_doubtful(points.centers, image)
            for image in instances]).to(logits.dtype)
        weights[where] = _owned_weights(positives, instances, 'cls_weights')
        return self.loss_cls(logits.transpose(1, 2).reshape(-1, logits.shape[1]),
                             labels.flatten(), weights.flatten(), avg_factor=num_pos)

    def _box_losses(self, boxes: Tensor, centerness: Tensor, positives: Positives, points: Points,
                    instances: InstanceList, num_pos: Tensor) -> Dict[str, Tensor]:
        """Losses of distances (B, 4, P) and centerness logits (B, 1, P) at positive points."""
        images, inds = positives.images, positives.points
        centers = points.centers[inds]
        true_boxes = [get_box_tensor(image.bboxes) for image in instances]
        targets = distances(centers, _owned(positives, true_boxes))
        if self.norm_on_bbox:
            targets = targets / points.strides[inds, None]
        quality = self.centerness_target(targets)
        weights = _owned_weights(positives, instances, 'box_weights')
        denominator = reduce_mean(quality.sum()).clamp(min=1e-6)
        return dict(
            loss_bbox=self.loss_bbox(
                self.bbox_coder.decode(centers, boxes[images, :, inds]),
                self.bbox_coder.decode(centers, targets),
                weight=quality * weights, avg_factor=denominator),
            loss_centerness=self.loss_centerness(
                centerness[images, 0, inds], quality, weight=weights, avg_factor=num_pos))

    def get_positive_infos(self) -> InstanceList:
        """What the mask head needs of the positive points of the last losses, once.

        Returns:
            For each image M points with ``points`` (M, 2), ``strides`` (M,), class logits
            ``scores`` (M, K), ``centernesses`` (M, 1), ``param_preds`` (M, num_params),
            ``pos_assigned_gt_inds`` (M,) and ``pos_inds`` (M,).

        Raises:
            RuntimeError: if no losses were computed since the last call.
        """
        if 'positives' not in self._raw_positive_infos:
            raise RuntimeError('WeightedCondInstBboxHead has no positive points: compute its '
                               'losses first, and ask only once, as the points hold the graph')
        return self._raw_positive_infos.pop('positives')


def _flat(levels: List[Tensor]) -> Tensor:
    """(B, C, P) of levels (B, C, h, w)."""
    return torch.cat([level.flatten(2) for level in levels], 2)


def _owned(positives: Positives, values: List[Tensor]) -> Tensor:
    """Values (M, ...) of the instances that positive points are assigned to, from each image's."""
    parts = positives.owners.split(positives.counts)
    return torch.cat([image[owners] for image, owners in zip(values, parts)])


def _owned_weights(positives: Positives, instances: InstanceList, name: str) -> Tensor:
    """A weight (M,) of the instances that positive points are assigned to, 1 if missing."""
    parts = positives.owners.split(positives.counts)
    return torch.cat([instance_weights(image, name, owners)
                      for image, owners in zip(instances, parts)])


def _infos(positives: Positives, points: Points, logits: Tensor, centerness: Tensor,
           params: Tensor) -> InstanceList:
    """See :meth:`WeightedCondInstBboxHead.get_positive_infos`; the ranking needs no gradient."""
    images, inds = positives.images, positives.points
    fields = dict(
        points=points.centers[inds], strides=points.strides[inds],
        scores=logits.detach()[images, :, inds], centernesses=centerness.detach()[images, :, inds],
        param_preds=params[images, :, inds], pos_assigned_gt_inds=positives.owners, pos_inds=inds)
    parts = {name: values.split(positives.counts) for name, values in fields.items()}
    return [InstanceData(**dict(zip(parts, image))) for image in zip(*parts.values())]
