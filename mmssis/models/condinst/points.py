"""Which point of the feature levels learns which instance.

Axes: N instances and P points of one image, M positive points. Adapted from mmdet's
``CondInstBboxHead`` (Apache-2.0), without masks on the device and without a target per point.
"""

from typing import NamedTuple, Optional

import numpy as np
import torch
from mmdet.structures.bbox import get_box_tensor
from mmdet.structures.mask import BaseInstanceMasks
from mmengine.structures import InstanceData
from torch import Tensor


class Points(NamedTuple):
    """The points of all levels.

    Attributes:
        centers: x and y in pixels of the network input, (P, 2).
        strides: of their levels, (P,).
        ranges: least and largest distance to the farthest side of an instance, (P, 2).
    """

    centers: Tensor
    strides: Tensor
    ranges: Tensor


def assign_points(points: Points, instances: InstanceData, radius: Optional[float]) -> Tensor:
    """Give each point the smallest instance that it lies in and whose size suits its level.

    Args:
        points: of all levels.
        instances: N instances with ``bboxes``; see :func:`instance_centers` for ``masks``.
        radius: how far a point may be from the instance's centre, in strides; None: anywhere in
            the box.

    Returns:
        Index of each point's instance, (P,) long, -1 for none.
    """
    boxes = get_box_tensor(instances.bboxes)
    if len(boxes) == 0:
        return torch.full_like(points.strides, -1, dtype=torch.long)
    farthest = distances(points.centers[:, None], boxes).amax(-1)
    fits = (farthest >= points.ranges[:, :1]) & (farthest <= points.ranges[:, 1:])
    regions = boxes if radius is None else _central(
        boxes, instance_centers(instances), points.strides[:, None, None] * radius)
    inside = distances(points.centers[:, None], regions).amin(-1) > 0
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    smallest, inds = areas.expand_as(fits).masked_fill(~(fits & inside), torch.inf).min(1)
    return inds.where(smallest.isfinite(), inds.new_tensor(-1))


def distances(centers: Tensor, boxes: Tensor) -> Tensor:
    """Distances from points to the left, upper, right and lower side; negative outside.

    Args:
        centers: (..., 2).
        boxes: (..., 4), xyxy.

    Returns:
        (..., 4).
    """
    return torch.cat([centers - boxes[..., :2], boxes[..., 2:] - centers], -1)


def instance_centers(instances: InstanceData) -> Tensor:
    """Centres around which instances are sampled.

    Args:
        instances: N instances with ``bboxes``. If their ``masks`` are mmdet's, that is true masks,
            the centre is a mask's centroid, as in mmdet, summed up where the masks lie; that of
            an empty one is its box's, where mmdet has the image's corner and no point learns the
            box. Pseudo masks, which are tensors, may be wrong: they do not move it.

    Returns:
        (N, 2), x and y in pixels of the network input.
    """
    boxes = get_box_tensor(instances.bboxes)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    if 'masks' not in instances or not isinstance(instances.masks, BaseInstanceMasks):
        return middles
    masks = instances.masks.to_ndarray()
    # Sums of rows and columns in one pass each; float maps of the image's size are never made.
    sums = [masks.sum(axis, dtype=np.int32) for axis in (1, 2)]
    area = sums[0].sum(1)
    centroids = [part @ np.arange(part.shape[1]) / np.maximum(area, 1) for part in sums]
    empty = boxes.new_tensor(area == 0, dtype=torch.bool)[:, None]
    return middles.where(empty, boxes.new_tensor(np.stack(centroids, 1)))


def _central(boxes: Tensor, centers: Tensor, reach: Tensor) -> Tensor:
    """Parts (P, N, 4) of boxes (N, 4) at most ``reach`` (P, 1, 1) away from their centres."""
    return torch.cat([torch.maximum(boxes[:, :2], centers - reach),
                      torch.minimum(boxes[:, 2:], centers + reach)], -1)
