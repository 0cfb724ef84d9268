"""Losses of masks whose boxes alone are known (BoxInst, which BoxTeacher builds on).

Axes: B images, N instances, H x W pixels, h x w cells of ``stride`` pixels, 8 neighbours in the
order of rows, the centre left out. Written from the papers' formulas and from BoxInst as it is in
mmdet (Apache-2.0), which goes over the host for the colours.
"""
from typing import Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ._checks import check_fraction, check_ndim, check_same_shape
from ._pairs import PairWeights, check_dilation, neighbour_maps, pair_sums

DICE_EPS = 1e-5
# Linear RGB with the primaries of sRGB to CIE XYZ, and the white of D65 for the 2 degree observer.
XYZ_FROM_RGB = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169),
                (0.019334, 0.119193, 0.950227))
WHITE = (0.95047, 1.0, 1.08883)


def projection_loss(mask_logits: Tensor, box_masks: Tensor) -> Tensor:
    """Make a mask touch the four sides of its box and stay inside.

    BoxInst's projection term: dice loss with squared denominators between the maxima of mask and
    box over the rows, plus that over the columns. Of equal maxima each takes its share of the
    gradient; the released code gives it to one of them.

    Args:
        mask_logits: (N, H, W).
        box_masks: (N, H, W), bool or 0 and 1, the inside of each box. One without a pixel, of a
            box outside of the grid, has a loss of 2 without gradient.

    Returns:
        (N,) in [0, 2], in at least float32.

    Raises:
        ValueError: wrong axes, shapes that differ, or a grid without pixels.
    """
    check_ndim('mask_logits', mask_logits, 'N H W')
    check_same_shape('mask_logits', mask_logits, 'box_masks', box_masks)
    if 0 in mask_logits.shape[1:]:
        raise ValueError(f'mask_logits must have pixels, got shape {tuple(mask_logits.shape)}. '
                         'Look for an image smaller than the stride of the masks.')
    dtype = torch.promote_types(mask_logits.dtype, torch.float32)
    # The sigmoid keeps the order: only the maxima need it.
    return sum(_squared_dice(mask_logits.amax(axis).to(dtype).sigmoid(),
                             box_masks.amax(axis).to(dtype)) for axis in (1, 2))


def rgb_to_lab(images: Tensor) -> Tensor:
    """CIE L*a*b* of sRGB colours, under D65 (IEC 61966-2-1, CIE 15).

    Args:
        images: (B, 3, H, W) in [0, 1], red first.

    Returns:
        (B, 3, H, W), L in [0, 100], a and b in about [-110, 100], in at least float32, without
        gradient.

    Raises:
        ValueError: wrong axes, not three channels, or whole numbers.
    """
    rgb = _as_colors(images)
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    red, green, blue = linear.unbind(1)
    # Not a matrix product, which autocast would compute in half precision.
    x, y, z = (_lightness((r * red + g * green + b * blue) / white)
               for (r, g, b), white in zip(XYZ_FROM_RGB, WHITE))
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def color_similarity(images: Tensor, *, stride: int = 4, dilation: int = 2,
                     valid: Optional[Tensor] = None) -> Tensor:
    """How alike the colours of neighbouring cells of an image are.

    BoxInst: ``exp(-|c_i - c_j| / 2)`` with the L*a*b* colours of cells ``dilation`` apart.
    Images are averaged over their cells first. Give the view without colour augmentation.

    Args:
        images: (B, 3, H, W) in [0, 1], red first.
        stride: side of a cell in pixels, at least 1; 4 in the released code.
        dilation: distance of the neighbours in cells, at least 1; 2 in the released code.
        valid: bool (B, H, W), False where an image is padded or has no labels; a cell has the
            value at its middle.

    Returns:
        (B, 8, h, w) in [0, 1], with h of H // stride, in at least float32, without gradient; 0
        for neighbours that lie outside of the grid or are not valid.

    Raises:
        ValueError: wrong axes or shapes, whole numbers, a stride or dilation below 1.
    """
    check_dilation(dilation)
    cells = rgb_to_lab(_mean_of_cells(_as_colors(images), stride))
    if valid is not None:
        check_same_shape('valid', valid, 'images[:, 0]', images[:, 0])
        valid = valid[:, stride // 2::stride, stride // 2::stride]
    return neighbour_maps(cells, _color_likeness, dilation, valid)


def pairwise_loss(mask_logits: Tensor, similarity: Tensor, box_masks: Tensor, *,
                  index: Optional[Tensor] = None, threshold: float = 0.3,
                  dilation: int = 2) -> Tuple[Tensor, Tensor]:
    """Make neighbours of alike colours be both foreground or both background.

    BoxInst's pairwise term: ``-log(p_i p_j + (1 - p_i) (1 - p_j))`` over the pairs whose similarity
    is at least ``threshold`` and whose pixel i lies in the box. The loss of a batch is the sum of
    all terms over the number of all pairs, at least 1; both are given per instance, so that the
    caller sums them over images and ranks first.

    Args:
        mask_logits: (N, H, W).
        similarity: of :func:`color_similarity` with the same dilation, (N, 8, H, W), or
            (B, 8, H, W) with ``index``.
        box_masks: (N, H, W), bool or 0 and 1, the inside of each box.
        index: image of each instance, long (N,), in [0, B).
        threshold: in [0, 1]; 0.3 in the released code, 0.1 in the paper.
        dilation: distance of the neighbours, at least 1.

    Returns:
        Sum of the terms (N,), and number of pairs (N,) without gradient, in at least float32.

    Raises:
        ValueError: wrong axes, shapes that differ, or a setting out of its range.
        TypeError: the threshold is not a number.
    """
    check_ndim('mask_logits', mask_logits, 'N H W')
    check_ndim('similarity', similarity, 'B 8 H W')
    check_same_shape('mask_logits', mask_logits, 'box_masks', box_masks)
    _check_maps(mask_logits, similarity, index)
    check_fraction('threshold', threshold, 'BoxInst sets it to 0.3.')
    check_dilation(dilation)
    return pair_sums(mask_logits, PairWeights(similarity, index, box_masks, threshold, dilation))


def _squared_dice(probs: Tensor, targets: Tensor) -> Tensor:
    """1 - 2 sum(p t) / (sum(p^2) + sum(t^2)) of each row."""
    areas = (probs**2).sum(1) + (targets**2).sum(1) + DICE_EPS
    return 1 - 2 * (probs * targets).sum(1) / areas


def _as_colors(images: Tensor) -> Tensor:
    """Check and detach (B, 3, H, W), in at least float32."""
    check_ndim('images', images, 'B 3 H W')
    if images.shape[1] != 3 or not images.is_floating_point():
        raise ValueError(f'images must be (B, 3, H, W) of floats in [0, 1], got shape '
                         f'{tuple(images.shape)} of {images.dtype}. Divide bytes by 255.')
    return images.detach().to(torch.promote_types(images.dtype, torch.float32))


def _lightness(ratio: Tensor) -> Tensor:
    """CIE's cube root of a ratio to white, a straight line close to black."""
    return torch.where(
        ratio > (6 / 29)**3, ratio ** (1 / 3), ratio / (3 * (6 / 29)**2) + 4 / 29)


def _mean_of_cells(images: Tensor, stride: int) -> Tensor:
    shortest = min(images.shape[2:])
    if not isinstance(stride, int) or not 1 <= stride <= shortest:
        raise ValueError(f'stride must be a whole number in [1, {shortest}], the shorter side of '
                         f'the images, got {stride!r}. The released code has 4.')
    return F.avg_pool2d(images, stride)


def _color_likeness(mine: Tensor, theirs: Tensor) -> Tensor:
    return (-0.5 * torch.linalg.vector_norm(mine - theirs, dim=1)).exp()


def _check_maps(mask_logits: Tensor, similarity: Tensor, index: Optional[Tensor]) -> None:
    """Raise unless every instance has a map of its grid."""
    if index is not None:
        check_ndim('index', index, 'N')
    number, rows, columns = mask_logits.shape
    owners = len(similarity) if index is None else len(index)
    if (owners, *similarity.shape[1:]) != (number, 8, rows, columns):
        raise ValueError(f'similarity must be (B, 8, {rows}, {columns}), the grid of the masks, '
                         f'with an index for each of {number} masks or a map of its own, got shape '
                         f'{tuple(similarity.shape)} and {owners}. Compute it with the stride of '
                         'the masks, and index its images.')
