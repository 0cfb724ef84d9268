"""Read maps that live on the grids of boxes, from the RoIs of another view.

Axes: P RoIs, each with its own map of h x w cells. Positions are edge coordinates, as in
:mod:`mmssis.ops.geometry`.
"""
from typing import Tuple, Union

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.modules.utils import _pair

from ._checks import check_ndim
from .geometry import _sampling_grid


def sample_box_maps(maps: Tensor, boxes: Tensor, matrix: Tensor, rois: Tensor,
                    size: Union[int, Tuple[int, int]], border: bool = False) -> Tensor:
    """Values of maps on box grids at the cell centres of RoIs in another view.

    The way from a cell of the RoI to the student's view, by the inverse matrix to the teacher's
    view, and to the box's grid is one affine map per RoI, composed in float64; each map is read
    once, bilinearly (``grid_sample``, ``align_corners=False``). No mask of the image's size
    arises, and the host never waits for the device.

    Args:
        maps: one map per RoI, (P, h, w), for example probabilities.
        boxes: boxes that the maps cover, (P, 4), xyxy in the teacher's view.
        matrix: (3, 3), takes the teacher's to the student's view in edge coordinates.
        rois: RoIs (P, 4), xyxy in the student's view.
        size: cells per side of a RoI's grid, or (rows, columns).
        border: what a position outside its box reads: the nearest cell if True, otherwise 0, to
            which the map falls within half a cell of the edge as in mmdet's mask pasting. Masks
            want 0; weights want True, or a weight of 1 would fade along the box.

    Returns:
        Values (P, rows, columns), at least float32. A box or RoI without area reads 0.

    Raises:
        ValueError: a shape differs from the above.
    """
    rows, columns = _pair(size)
    _check_shapes(maps, boxes, matrix, rois)
    compute_dtype = torch.promote_types(maps.dtype, torch.float32)
    # Unlike inv(), inv_ex() does not read on the host whether the matrix is singular.
    to_teacher = torch.linalg.inv_ex(matrix.to(maps.device, torch.float64)).inverse
    to_grid = _to_normalised(boxes) @ to_teacher @ _from_cells(rois, rows, columns)
    values = F.grid_sample(
        maps.to(compute_dtype)[:, None], _sampling_grid(to_grid.to(compute_dtype), rows, columns),
        padding_mode='border' if border else 'zeros', align_corners=False)[:, 0]
    valid = _has_area(boxes) & _has_area(rois)
    return torch.where(valid[:, None, None], values, torch.zeros_like(values))


def _to_normalised(boxes: Tensor) -> Tensor:
    """Matrices (P, 3, 3) from positions in the image to [-1, 1] over each box."""
    x1, y1, x2, y2 = boxes.double().unbind(1)
    return _axis_aligned(2 / (x2 - x1), 2 / (y2 - y1),
                         -(x1 + x2) / (x2 - x1), -(y1 + y2) / (y2 - y1))


def _from_cells(rois: Tensor, rows: int, columns: int) -> Tensor:
    """Matrices (P, 3, 3) from positions on each RoI's grid to positions in the image."""
    x1, y1, x2, y2 = rois.double().unbind(1)
    return _axis_aligned((x2 - x1) / columns, (y2 - y1) / rows, x1, y1)


def _axis_aligned(scale_x: Tensor, scale_y: Tensor, shift_x: Tensor, shift_y: Tensor) -> Tensor:
    """Matrices (P, 3, 3) that scale and then shift."""
    matrices = scale_x.new_zeros((len(scale_x), 3, 3))
    matrices[:, 0, 0], matrices[:, 1, 1] = scale_x, scale_y
    matrices[:, 0, 2], matrices[:, 1, 2] = shift_x, shift_y
    matrices[:, 2, 2].fill_(1)
    return matrices


def _has_area(boxes: Tensor) -> Tensor:
    """bool (P,), False for boxes without width or height."""
    return (boxes[:, 2:] > boxes[:, :2]).all(1)


def _check_shapes(maps: Tensor, boxes: Tensor, matrix: Tensor, rois: Tensor) -> None:
    check_ndim('maps', maps, 'P h w')
    if matrix.shape != (3, 3):
        raise ValueError(f'matrix must be (3, 3), got shape {tuple(matrix.shape)}. '
                         'Give the map from the teacher\'s to the student\'s view.')
    for name, value in (('boxes', boxes), ('rois', rois)):
        if value.shape != (len(maps), 4):
            raise ValueError(f'{name} must be ({len(maps)}, 4) for {len(maps)} maps, got shape '
                             f'{tuple(value.shape)}. Index maps and boxes by RoI first.')
    if maps.shape[1:].numel() == 0:
        raise ValueError(f'maps must have cells, got shape {tuple(maps.shape)}. '
                         'Give empty sets of maps their height and width: (0, h, w).')
