"""Affinity of neighbouring pixels, and the loss that makes a mask agree with it.

Axes: N instances, H x W pixels, 8 neighbours in the order of rows, the centre left out.
"""
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor

from ._checks import check_fraction, check_ndim, check_same_shape
from ._pairs import PairWeights, check_dilation, neighbour_maps, pair_sums


def mask_affinity(mask_probs: Tensor, *, dilation: int = 2,
                  valid: Optional[Tensor] = None) -> Tensor:
    """How likely each pixel and its neighbours are both foreground or both background.

    BoxTeacher, Eq. 3 and 4, with the neighbours of the released code: the mask is averaged with
    its 3 x 3 mean (dilation 1, zeros outside), ``g = (m + mean(m)) / 2``, and the affinity of
    pixels ``dilation`` apart is ``g_i g_j + (1 - g_i) (1 - g_j)``.

    Args:
        mask_probs: pseudo masks (N, H, W) in [0, 1]; binary in the released code.
        dilation: distance of the neighbours, at least 1; 2 in the released code.
        valid: bool (H, W) or (N, H, W), False where the image is padded.

    Returns:
        (N, 8, H, W) in [0, 1], in at least float32, without gradient; 0 for neighbours that lie
        outside of the grid or are not valid.

    Raises:
        ValueError: wrong axes or a dilation below 1.
    """
    check_ndim('mask_probs', mask_probs, 'N H W')
    check_dilation(dilation)
    probs = mask_probs.detach().to(torch.promote_types(mask_probs.dtype, torch.float32))
    refined = (probs + F.avg_pool2d(probs[:, None], 3, 1, 1)[:, 0]) / 2
    return neighbour_maps(refined, _both_or_neither, dilation, valid)


def affinity_loss(mask_logits: Tensor, affinity: Tensor, *, threshold: Optional[float] = 0.5,
                  region: Optional[Tensor] = None, dilation: int = 2) -> Tensor:
    """Make neighbours agree that the pseudo mask holds together.

    BoxTeacher, Eq. 5 in the form of the released code, ``-log(p_i p_j + (1 - p_i) (1 - p_j))`` over
    all pairs of affinity at least ``threshold``, averaged over the pairs of an instance. As
    printed, with the sum of two logarithms, the loss is least at p = 0.5 everywhere.

    Args:
        mask_logits: the student's (N, H, W).
        affinity: (N, 8, H, W), of :func:`mask_affinity` with the same dilation.
        threshold: pairs below do not count, in [0, 1]; None weighs every pair by its affinity.
        region: bool (N, H, W), whose pixels have pairs, the inside of the box; None takes all.
        dilation: distance of the neighbours, at least 1.

    Returns:
        (N,), the mean over an instance's pairs; 0 without any.

    Raises:
        ValueError: wrong axes, shapes that differ, or a setting out of its range.
    """
    check_ndim('mask_logits', mask_logits, 'N H W')
    check_ndim('affinity', affinity, 'N 8 H W')
    check_same_shape('mask_logits', mask_logits, 'affinity[:, 0]', affinity[:, 0])
    check_dilation(dilation)
    if threshold is not None:
        check_fraction('threshold', threshold, 'The released code has 0.5.')
    if region is not None:
        check_same_shape('region', region, 'mask_logits', mask_logits)
    sums, counts = pair_sums(
        mask_logits, PairWeights(affinity, None, region, threshold, dilation))
    return sums / counts.clamp(min=1)


def _both_or_neither(mine: Tensor, theirs: Tensor) -> Tensor:
    return mine * theirs + (1 - mine) * (1 - theirs)
