"""Weights that stress the surroundings of mask boundaries."""
from numbers import Real
from typing import Any, NamedTuple, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ._checks import check_ndim

PADDINGS = dict(zeros='constant', replicate='replicate')
# Room around a tight box on every side: a share of its side, and a number of cells at least. On a
# grid of 28 x 28 both sides of the boundary need 1.5 cells.
MARGIN, MIN_MARGIN = 1 / 16, 2


def boundary_preserving_map(mask_probs: Tensor, scale: float = 3.0, eps: float = 1e-6,
                            *, padding: str = 'zeros') -> Tensor:
    """Weight of each pixel in the mask loss, from the Laplacian of the predicted mask.

    Noisy Boundaries, section 3.3; size and normalisation as in its released code:
    ``scale * b / (mean(b) + eps)`` with ``b`` the absolute value of the 3 x 3 Laplacian (centre 8,
    neighbours -1) and the mean over the pixels of an instance, so that the weights of an instance
    average ``scale``. The released loss multiplies its mean by the map, which is the same as
    ``scale`` alone; the map must enter before the mean over pixels.

    The masks are those of RoIs. For masks of a whole image see
    :func:`boundary_preserving_map_in_boxes`.

    Args:
        mask_probs: the student's foreground probabilities (N, S, S), at any supervised size.
        scale: mean weight, at least 0.
        eps: keeps a mask without any boundary finite, above 0.
        padding: 'zeros' as released, which stresses foreground at the RoI's border, or
            'replicate'.

    Returns:
        Weights (N, S, S), at least 0, in at least float32, without gradient.

    Raises:
        ValueError: wrong axes, a negative scale, an eps of 0 or less, or an unknown padding.
        TypeError: ``scale`` or ``eps`` is not a number.
    """
    check_ndim('mask_probs', mask_probs, 'N S S')
    _check_settings(scale, eps, padding)
    probs = _detached(mask_probs)
    if len(probs) == 0:
        return probs
    strength = _laplacian(probs, PADDINGS[padding]).abs()
    return scale * strength / (strength.mean((1, 2), keepdim=True) + eps)


def boundary_preserving_map_in_boxes(mask_probs: Tensor, boxes: Tensor, scale: float = 3.0,
                                     eps: float = 1e-6, *, padding: str = 'zeros',
                                     size: int = 28) -> Tensor:
    """:func:`boundary_preserving_map` for masks of a whole image: in a RoI around each instance.

    With the mean over the image, nearly all of it flat, a small instance's boundary would weigh
    thousands. Therefore the box of each instance, with room on every side (a sixteenth of the
    side, at least 2 cells), is cut out and brought to ``size`` x ``size`` cells by averaging over
    areas; a shorter side keeps its cells. The map of this grid has the mean ``scale``, and each
    pixel reads the cell that it lies in. So a boundary takes a similar part of its box, and
    weighs alike, whatever the instance's size.

    Pixels outside the box weigh 1, as in the plain loss. A RoI does not contain them, but a
    model without RoIs must learn that they are background. Without a box all pixels weigh 1.

    Args:
        mask_probs: the student's foreground probabilities (N, h, w).
        boxes: tight boxes of the targets, (N, 4), xyxy in cells of ``mask_probs`` and edge
            coordinates. Around a prediction a single wrong pixel could blow the box up.
        scale: mean weight in the box, at least 0.
        eps: keeps a mask without any boundary finite, above 0.
        padding: what surrounds the box, 'zeros' or 'replicate'.
        size: largest number of cells along a side of the RoI, at least 1; Mask R-CNN's is 28.

    Returns:
        Weights (N, h, w), at least 0, in at least float32, without gradient.

    Raises:
        ValueError: wrong axes or number of boxes, a negative scale, an eps of 0 or less, an
            unknown padding, or a size below 1.
        TypeError: ``scale`` or ``eps`` is not a number.
    """
    check_ndim('mask_probs', mask_probs, 'N h w')
    _check_settings(scale, eps, padding)
    if boxes.shape != (len(mask_probs), 4):
        raise ValueError(f'boxes must be ({len(mask_probs)}, 4) for {len(mask_probs)} masks, got '
                         f'shape {tuple(boxes.shape)}. Give the box of each mask.')
    if not size >= 1:
        raise ValueError(f'size must be at least 1, got {size!r}. The default is 28.')
    probs = _detached(mask_probs)
    if len(probs) == 0:
        return probs
    x1, y1, x2, y2 = boxes.float().unbind(1)
    rows, columns = _axis(y1, y2, probs.shape[1], size), _axis(x1, x2, probs.shape[2], size)
    strength, mean = _strength_on_rois(probs, rows, columns, padding)
    weights = scale * strength / (mean + eps)
    instances = torch.arange(len(probs), device=probs.device)[:, None, None]
    weights = weights[instances, rows.cell[:, :, None], columns.cell[:, None]]
    inside = rows.inside[:, :, None] & columns.inside[:, None]
    return torch.where(inside, weights, torch.ones_like(weights))


class _Axis(NamedTuple):
    """Rows or columns of N RoIs of at most S cells, on a map of L cells.

    Attributes:
        shares: part that each cell of the map has in each cell of the RoI, (N, S, L).
        filled: which of the S cells the RoI has, (N, S).
        cell: RoI's cell that each cell of the map lies in, or the nearest, (N, L).
        inside: which cells of the map lie in the RoI, (N, L).
    """

    shares: Tensor
    filled: Tensor
    cell: Tensor
    inside: Tensor


def _axis(low: Tensor, high: Tensor, length: int, size: int) -> _Axis:
    """RoIs around the intervals [low, high], both (N,), along an axis of ``length`` cells."""
    room = (MARGIN * (high - low)).clamp(min=MIN_MARGIN)
    start = (low - room).floor().clamp(0, length)[:, None]
    end = (high + room).ceil().clamp(0, length)[:, None]
    # An interval off the map has no cell inside; its numbers are not read.
    side = (end - start).clamp(min=1)
    cells = side.clamp(max=size)
    grid = torch.arange(min(size, length), device=low.device)
    positions = torch.arange(length, device=low.device)
    first = (start + torch.minimum(grid, cells - 1) * side / cells)[:, :, None]
    last = first + (side / cells)[:, :, None]
    shared = torch.minimum(last, positions + 1) - torch.maximum(first, positions)
    return _Axis(
        shares=shared.clamp(min=0) / (last - first),
        filled=grid < cells,
        cell=((positions + 0.5 - start) * cells / side).clamp(min=0).minimum(cells - 1).long(),
        inside=(positions >= start) & (positions < end) & (high > low)[:, None])


def _strength_on_rois(probs: Tensor, rows: _Axis, columns: _Axis,
                      padding: str) -> Tuple[Tensor, Tensor]:
    """Size of the Laplacian on the grids of RoIs, (N, S, S'), and its mean in each, (N, 1, 1)."""
    filled = rows.filled[:, :, None] & columns.filled[:, None]
    rois = _average(probs, rows, columns)
    if padding == 'zeros':
        # Where a RoI has fewer than S cells its border is repeated, as 'replicate' wants it.
        rois = rois * filled
    strength = _laplacian(rois, PADDINGS[padding]).abs() * filled
    return strength, strength.sum((1, 2), keepdim=True) / filled.sum((1, 2), keepdim=True)


def _average(probs: Tensor, rows: _Axis, columns: _Axis) -> Tensor:
    """Masks (N, h, w) on the grids of their RoIs, (N, S, S'), by areas.

    As deviations from the largest value, so that a flat mask stays exactly flat.
    """
    largest = probs.amax((1, 2), keepdim=True)
    # Autocast would round the products to half precision.
    with torch.autocast(probs.device.type, enabled=False):
        return largest + (rows.shares.to(probs.dtype) @ (probs - largest)
                          @ columns.shares.to(probs.dtype).transpose(1, 2))


def _check_settings(scale: Any, eps: Any, padding: Any) -> None:
    for name, value in (('scale', scale), ('eps', eps)):
        if not isinstance(value, Real):
            raise TypeError(f'{name} must be a number, got {value!r}. Defaults: 3.0 and 1e-6.')
    if not scale >= 0 or not eps > 0:
        raise ValueError(f'scale must be at least 0 and eps above 0, got {scale!r} and {eps!r}. '
                         'The defaults are 3.0 and 1e-6.')
    if padding not in PADDINGS:
        raise ValueError(f'padding must be one of {tuple(PADDINGS)}, got {padding!r}.')


def _detached(mask_probs: Tensor) -> Tensor:
    """Probabilities without gradient, in at least float32."""
    return mask_probs.detach().to(torch.promote_types(mask_probs.dtype, torch.float32))


def _laplacian(probs: Tensor, mode: str) -> Tensor:
    """Sum of the differences to the 8 neighbours, (N, S, S).

    As differences, flat regions give exactly 0. A convolution leaves rounding errors, which the
    normalisation would blow up where a mask has no boundary.
    """
    rows, columns = probs.shape[1:]
    padded = F.pad(probs[:, None], (1, 1, 1, 1), mode=mode)[:, 0]
    total = torch.zeros_like(probs)
    for y in range(3):
        for x in range(3):
            total += probs - padded[:, y:y + rows, x:x + columns]
    return total
