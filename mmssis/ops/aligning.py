"""Weights that align a loss with the quality of its pseudo label."""
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
