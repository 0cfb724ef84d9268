"""Weights that align a loss with the quality of its pseudo label, and what it is divided by."""
from numbers import Real

import torch
from torch import Tensor

from ._checks import check_ndim


def aligning_weights(scores: Tensor, exponent: float) -> Tensor:
    """Raise scores to a power, so that poor pseudo labels weigh little.

    PAIS, Eq. 5: the class term of a pseudo label weighs ``c ** alpha``, its mask term
    ``s ** beta``.

    Args:
        scores: class scores c or predicted mask IoUs s, (N,), in [0, 1].
        exponent: alpha or beta, at least 0; 0 gives weight 1 to all.

    Returns:
        Weights (N,) in [0, 1], in at least float32, without gradient.

    Raises:
        ValueError: ``scores`` is not one-dimensional, or the exponent is negative or NaN.
        TypeError: the exponent is not a number.
    """
    check_ndim('scores', scores, 'N')
    if not isinstance(exponent, Real):
        raise TypeError(f'exponent must be a number >= 0, got {exponent!r}. PAIS sets it to 4.')
    if not exponent >= 0:
        raise ValueError(f'exponent must be at least 0, got {exponent!r}. PAIS sets it to 4; a '
                         'negative one would prefer poor pseudo labels.')
    compute_dtype = torch.promote_types(scores.dtype, torch.float32)
    return scores.detach().to(compute_dtype) ** exponent


def count_by_kind(weights: Tensor, positive: Tensor) -> Tensor:
    """Numbers of positives and negatives in a classification loss (PAIS, Eq. 2 and 5).

    Args:
        weights: weight of each prediction, (M,), at least 0. Negatives of weight 0 do not count.
        positive: whether each has an instance, bool (M,).

    Returns:
        ``N_pos`` and ``N_neg``, (2,) float32.

    Raises:
        ValueError: ``weights`` or ``positive`` is not one-dimensional.
    """
    check_ndim('weights', weights, 'M')
    check_ndim('positive', positive, 'M')
    negative = ~positive & (weights > 0)
    return torch.stack([positive.sum(), negative.sum()]).float()


def divide_by_kind(weights: Tensor, positive: Tensor, counts: Tensor) -> Tensor:
    """Divide positives by their number and negatives by theirs (PAIS, Eq. 2 and 5).

    A sum of losses with these weights is ``1 / N_pos`` times the sum over the positives plus
    ``1 / N_neg`` times the sum over the negatives. One divisor for both lets a negative weigh
    ``N_neg / N_pos`` times as much.

    Args:
        weights: weight of each prediction, (M,).
        positive: whether each has an instance, bool (M,).
        counts: from :func:`count_by_kind` or its mean over ranks, (2,); below 1 they count as 1.

    Returns:
        Weights (M,).
    """
    divisors = counts.clamp(min=1)
    return weights / torch.where(positive, divisors[0], divisors[1])
