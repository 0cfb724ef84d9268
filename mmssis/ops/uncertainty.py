"""Pixel-level mask uncertainty.

Axes: N instances, P sampled points.
"""
import torch
import torch.nn.functional as F
from torch import Tensor

from ._checks import check_ndim, check_same_shape


def mask_uncertainty(mask_logits: Tensor) -> Tensor:
    """Uncertainty of each pixel of the teacher's masks.

    PL-DC, Eq. 10: ``u = 1 - 2 |sigmoid(q) - 0.5|``, written as ``2 sigmoid(-|q|)``: the same,
    without cancellation where the teacher is sure.

    Args:
        mask_logits: mask logits of any shape and floating dtype.

    Returns:
        Uncertainty of the same shape, in [0, 1], 1 where the logit is 0. At least float32.
    """
    compute_dtype = torch.promote_types(mask_logits.dtype, torch.float32)
    return 2 * (-mask_logits.to(compute_dtype).abs()).sigmoid()


def weighted_mask_bce(mask_logits: Tensor, targets: Tensor, pixel_weights: Tensor) -> Tensor:
    """Binary cross-entropy of sampled mask points, weighted per point.

    PL-DC, Eq. 11 over sampled points, with ``pixel_weights = 1 - u``: mean over the P points of
    weight times BCE, then the sum over instances. The mean divides by P, not by the sum of the
    weights. The caller divides by its number of instances.

    Args:
        mask_logits: the student's logits (N, P).
        targets: targets (N, P), bool or in [0, 1].
        pixel_weights: weights (N, P) in [0, 1].

    Returns:
        Scalar tensor, at least float32; 0 and part of the graph for N = 0.

    Raises:
        ValueError: shapes differ or P is 0.
    """
    check_mask_points(mask_logits, targets, pixel_weights)
    compute_dtype = torch.promote_types(mask_logits.dtype, torch.float32)
    bce = F.binary_cross_entropy_with_logits(
        mask_logits.to(compute_dtype), targets.to(compute_dtype), reduction='none')
    return (pixel_weights * bce).mean(dim=1).sum()


def weighted_mask_dice(mask_logits: Tensor, targets: Tensor, pixel_weights: Tensor,
                       eps: float) -> Tensor:
    """Dice loss of sampled mask points with a weight per point.

    Every sum of the dice coefficient runs over weighted points; with weights of 1 it is mmdet's
    ``dice_loss(naive_dice=True)``. The papers leave dice unweighted; this is the option.

    Args:
        mask_logits: the student's logits (N, P).
        targets: targets (N, P), bool or in [0, 1].
        pixel_weights: weights (N, P) in [0, 1].
        eps: added to numerator and denominator, greater than 0.

    Returns:
        Loss per instance (N,), at least float32.

    Raises:
        ValueError: shapes differ, P is 0, or ``eps`` is not positive.
    """
    check_mask_points(mask_logits, targets, pixel_weights)
    if not eps > 0:
        raise ValueError(f'eps must be greater than 0, got {eps!r}: an instance without weight '
                         'would divide by 0. Use 1.0, as Mask2Former does.')
    compute_dtype = torch.promote_types(mask_logits.dtype, torch.float32)
    probs = mask_logits.to(compute_dtype).sigmoid()
    overlap = (pixel_weights * probs * targets).sum(dim=1)
    areas = (pixel_weights * (probs + targets.to(compute_dtype))).sum(dim=1)
    return 1 - (2 * overlap + eps) / (areas + eps)


def check_mask_points(mask_logits: Tensor, targets: Tensor, pixel_weights: Tensor) -> None:
    """Raise unless three tensors are (N, P) alike with P > 0.

    Args:
        mask_logits: expected (N, P).
        targets: expected (N, P).
        pixel_weights: expected (N, P).

    Raises:
        ValueError: they are not.
    """
    check_ndim('mask_logits', mask_logits, 'N P')
    check_same_shape('mask_logits', mask_logits, 'targets', targets)
    check_same_shape('mask_logits', mask_logits, 'pixel_weights', pixel_weights)
    if mask_logits.shape[1] == 0:
        raise ValueError(f'mask_logits must hold at least one point, got shape '
                         f'{tuple(mask_logits.shape)}. Set num_points of the head above 0.')
