"""What of a prediction lies on a region that is not to be judged."""

import torch
from torch import Tensor

from ._checks import check_ndim


def mask_share_on_region(masks: Tensor, region: Tensor) -> Tensor:
    """Share of each mask's area that lies on a region.

    Args:
        masks: bool (N, h, w).
        region: bool (h, w), on the same grid.

    Returns:
        (N,) float32 in [0, 1]; 0 for an empty mask.

    Raises:
        ValueError: if the grids differ.
    """
    check_ndim('masks', masks, 'N h w')
    if masks.shape[1:] != region.shape:
        raise ValueError(f'masks on a grid of {tuple(masks.shape[1:])}, the region on '
                         f'{tuple(region.shape)}: bring both to one grid')
    inside = (masks & region).flatten(1).sum(1)
    return inside / masks.flatten(1).sum(1).clamp(min=1)


def box_share_in_regions(boxes: Tensor, regions: Tensor) -> Tensor:
    """Share of each box's area that lies in the region that holds most of it.

    Args:
        boxes: (P, 4), xyxy.
        regions: boxes (R, 4), xyxy.

    Returns:
        (P,) float32 in [0, 1]; 0 without a region, and for a box without area.
    """
    if len(regions) == 0:
        return boxes.new_zeros(len(boxes), dtype=torch.float32)
    boxes, regions = boxes.float(), regions.float()
    sides = (torch.minimum(boxes[:, None, 2:], regions[:, 2:])
             - torch.maximum(boxes[:, None, :2], regions[:, :2])).clamp(min=0)
    areas = (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(1)
    shared = sides.prod(-1).amax(1)
    return (shared / areas).where(areas > 0, torch.zeros_like(areas))


def region_at_points(region: Tensor, points: Tensor, stride: int) -> Tensor:
    """Whether points lie on a region.

    Args:
        region: bool (h, w), whose cells have ``stride`` pixels a side.
        points: (P, 2), x and y in pixels; those outside count as the nearest cell.
        stride: of the region.

    Returns:
        bool (P,).
    """
    height, width = region.shape
    x, y = (points / stride).floor().long().unbind(1)
    return region[y.clamp(0, height - 1), x.clamp(0, width - 1)]
