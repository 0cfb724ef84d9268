"""What all heads with a boundary-preserving map share."""

from typing import Optional, Tuple

import torch
from torch import Tensor

from mmssis.ops import boundary_preserving_map

from .pseudo_label import boxes_of_masks


def check_boundary_map(boundary_map: Optional[dict]) -> None:
    """Refuse wrong settings when the head is built, not in the first step.

    Args:
        boundary_map: settings of :func:`mmssis.ops.boundary_preserving_map` (``scale``, ``eps``,
            ``padding``), or None.

    Raises:
        TypeError: if a setting is unknown or not a number.
        ValueError: if a setting is out of its range.
    """
    if boundary_map is not None:
        boundary_preserving_map(torch.zeros(0, 1, 1), **boundary_map)


def boxes_on_grid(masks: Tensor, grid: Tuple[int, int]) -> Tensor:
    """Tight boxes of target masks, where the boundary-preserving map wants RoIs.

    Args:
        masks: (N, H, W), bool, at any resolution.
        grid: (h, w), the resolution of the predicted masks of the same image.

    Returns:
        (N, 4), xyxy in cells of the grid, in edge coordinates; zeros for an empty mask.
    """
    down, across = grid[0] / masks.shape[1], grid[1] / masks.shape[2]
    boxes = boxes_of_masks(masks)
    return boxes * boxes.new_tensor([across, down, across, down])
