"""Regions of an image that are neither labeled nor background, and predictions that lie on them.

Instances of an image with such regions carry, as metainfo, ``doubtful_map``, bool at stride 4 of
the network input, and ``doubtful_boxes`` (R, 4), xyxy in pixels of it.
"""

from typing import Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.ops import box_share_in_regions, mask_share_on_region, region_at_points

from .native_views import STRIDE, project_boxes
from .views import move_grid, same_geometry

LIES_ON = 0.5
"""A prediction lies on a region with more than this share of its area."""


def set_doubtful(instances: InstanceData, region: Tensor, boxes: Tensor) -> None:
    """Say which regions of an image are doubtful, in place.

    Args:
        instances: of the image.
        region: bool (h, w) at stride 4.
        boxes: (R, 4).
    """
    # Not set_metainfo, which copies what it is given.
    instances.set_field(region, 'doubtful_map', field_type='metainfo')
    instances.set_field(boxes, 'doubtful_boxes', field_type='metainfo')


def move_doubtful(source: InstanceData, target: InstanceData, matrix: np.ndarray,
                  img_shape: Sequence[int], out_shape: Tuple[int, int]) -> None:
    """Set the doubtful regions of one view in another view of the image, if there are any.

    Args:
        source: instances of the view to start from.
        target: instances of the other view, changed in place.
        matrix: 3 x 3, takes source to target positions in edge coordinates.
        img_shape: (H', W', ...) of the target's image without padding.
        out_shape: (H', W') of the target's network input.
    """
    if 'doubtful_map' not in source:
        return
    region, boxes = source.doubtful_map, source.doubtful_boxes
    if not same_geometry(matrix, source.input_shape, out_shape):
        grid = (-(-out_shape[0] // STRIDE), -(-out_shape[1] // STRIDE))
        region = move_grid(region[None], matrix, source.input_shape, out_shape, grid)[0] > 0.5
        boxes = project_boxes(boxes, matrix, img_shape)
    set_doubtful(target, region, boxes)


@torch.no_grad()
def masks_on_doubtful(mask_logits: Tensor, instances: InstanceData) -> Tensor:
    """Whether predicted masks lie on the doubtful regions of their image.

    Args:
        mask_logits: (Q, h, w), on any grid that covers the network input.
        instances: of the image, with such regions or without.

    Returns:
        bool (Q,).
    """
    if 'doubtful_map' not in instances:
        return torch.zeros(len(mask_logits), dtype=torch.bool, device=mask_logits.device)
    region = F.interpolate(
        instances.doubtful_map[None, None].float(), mask_logits.shape[1:], mode='area')[0, 0] >= 0.5
    return mask_share_on_region(mask_logits > 0, region) > LIES_ON


@torch.no_grad()
def boxes_on_doubtful(boxes: Tensor, instances: InstanceData) -> Tensor:
    """The same for boxes (P, 4): bool (P,)."""
    if 'doubtful_boxes' not in instances:
        return torch.zeros(len(boxes), dtype=torch.bool, device=boxes.device)
    return box_share_in_regions(boxes, instances.doubtful_boxes) > LIES_ON


def points_on_doubtful(points: Tensor, instances: InstanceData) -> Tensor:
    """The same for points (P, 2), x and y in pixels of the network input: bool (P,)."""
    if 'doubtful_map' not in instances:
        return torch.zeros(len(points), dtype=torch.bool, device=points.device)
    return region_at_points(instances.doubtful_map, points, STRIDE)
