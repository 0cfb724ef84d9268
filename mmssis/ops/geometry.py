"""Move masks from one view of an image to another.

Positions are edge coordinates: the image spans [0, w] x [0, h], the centre of the first pixel is
(0.5, 0.5), and a horizontal flip is ``x -> w - x``. mmdet's homography matrices are of this kind.
"""
from typing import Any, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ._checks import check_ndim

# Far enough outside [-1, 1] that grid_sample reads only its zero padding.
_OUTSIDE = 10.0


def affine_masks(masks: Tensor, matrix: Any, out_shape: Tuple[int, int]) -> Tensor:
    """Warp masks by affine or projective matrices: bilinear, half-pixel correct, zero outside.

    Each output pixel takes the value found at its centre's position in the input. In this
    convention a flip by matrix equals a flip of the array, where ``cv2.warpPerspective`` with the
    same matrix is off by one column.

    Args:
        masks: masks (N, h, w), bool, integer or floating.
        matrix: takes input to output positions in edge coordinates; (3, 3) for all masks or
            (N, 3, 3). Tensor or array. Keep it on the CPU: its values are checked, and on a
            device the host would have to wait for them.
        out_shape: ``(h', w')``, both positive.

    Returns:
        Masks (N, h', w') in at least float32, on the device of ``masks``; compare with 0.5 to
        get bool masks.

    Raises:
        ValueError: wrong shapes, or a matrix that is singular or not finite.
    """
    check_ndim('masks', masks, 'N h w')
    out_h, out_w = _check_out_shape(out_shape)
    num_masks, in_h, in_w = masks.shape
    if in_h == 0 or in_w == 0:
        raise ValueError(f'masks must have pixels, got shape {tuple(masks.shape)}. '
                         'Give empty sets of masks their height and width: (0, h, w).')
    matrices = _check_matrices(matrix, num_masks)
    compute_dtype = torch.promote_types(masks.dtype, torch.float32)
    if num_masks == 0:
        return masks.new_zeros((0, out_h, out_w), dtype=compute_dtype)

    # Output position -> normalised input position, composed in float64 and rounded once.
    normalise = torch.tensor([[2 / in_w, 0, -1], [0, 2 / in_h, -1], [0, 0, 1]], dtype=torch.float64)
    to_grid = (normalise @ torch.linalg.inv(matrices)).to(masks.device, compute_dtype)
    grid = _sampling_grid(to_grid, out_h, out_w)
    # With one matrix the masks are channels of one image, so that the grid exists only once.
    per_grid = masks.to(compute_dtype).view(len(grid), -1, in_h, in_w)
    warped = F.grid_sample(per_grid, grid, mode='bilinear', align_corners=False)
    return warped.view(num_masks, out_h, out_w)


def _sampling_grid(to_grid: Tensor, out_h: int, out_w: int) -> Tensor:
    """Grid (M, out_h, out_w, 2) of ``grid_sample`` for matrices (M, 3, 3)."""
    x = torch.arange(out_w, dtype=to_grid.dtype, device=to_grid.device) + 0.5
    y = torch.arange(out_h, dtype=to_grid.dtype, device=to_grid.device) + 0.5
    # (M, 3, out_h, out_w): homogeneous positions, row by row of the matrices
    columns = to_grid[..., None, None]
    homogeneous = columns[:, :, 0] * x + columns[:, :, 1] * y[:, None] + columns[:, :, 2]
    grid = homogeneous[:, :2] / homogeneous[:, 2:]
    # Positions on the horizon of a projective map lie at infinity: outside.
    grid = grid.nan_to_num(nan=_OUTSIDE, posinf=_OUTSIDE, neginf=-_OUTSIDE)
    return grid.clamp(-_OUTSIDE, _OUTSIDE).permute(0, 2, 3, 1)


def _check_matrices(matrix: Any, num_masks: int) -> Tensor:
    """Return the matrices as (1 or N, 3, 3) float64 on the CPU, or raise."""
    matrices = torch.as_tensor(matrix).detach().to('cpu', torch.float64)
    if matrices.shape == (3, 3):
        matrices = matrices[None]
    elif matrices.shape != (num_masks, 3, 3):
        raise ValueError(f'matrix must be (3, 3) or ({num_masks}, 3, 3) for {num_masks} masks, got '
                         f'shape {tuple(matrices.shape)}. Append the row [0, 0, 1] to a 2 x 3 '
                         'matrix.')
    if not matrices.isfinite().all():
        raise ValueError(f'matrix must be finite, got {matrices.tolist()}. Check the transform '
                         'that recorded it.')
    if (torch.linalg.matrix_rank(matrices) < 3).any():
        raise ValueError(f'matrix must be invertible, got {matrices.tolist()}. Check for a scale '
                         'of 0 in the transform that recorded it.')
    return matrices


def _check_out_shape(out_shape: Tuple[int, int]) -> Tuple[int, int]:
    if len(out_shape) != 2 or min(out_shape) < 1:
        raise ValueError(f'out_shape must be (height, width), both at least 1, got {out_shape!r}. '
                         'Drop the channel axis of img_shape if it has one.')
    return int(out_shape[0]), int(out_shape[1])
