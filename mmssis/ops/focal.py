"""Focal loss over classes that exclude each other."""
from numbers import Real

import torch
import torch.nn.functional as F
from torch import Tensor

from ._checks import check_ndim


def softmax_focal_loss(cls_logits: Tensor, labels: Tensor, gamma: float = 1.5) -> Tensor:
    """Cross-entropy that passes over what is classified well, from softmax probabilities.

    ``-(1 - p) ** gamma * log p`` with ``p`` the softmax probability of the true class: the loss of
    Unbiased Teacher's RoI head (Liu et al., ICLR 2021; RetinaNet's focal loss is over sigmoids).
    Noisy Boundaries reports results with a focal loss without saying which.

    Args:
        cls_logits: (N, C); background is one of the C classes.
        labels: (N,) long, in [0, C), or -100 for a loss of 0.
        gamma: at least 0; 0 gives the cross-entropy. Unbiased Teacher sets it to 1.5.

    Returns:
        Loss of each row, (N,), at least 0, in at least float32.

    Raises:
        ValueError: wrong axes, or a negative gamma.
        TypeError: gamma is not a number.
    """
    check_ndim('cls_logits', cls_logits, 'N C')
    check_ndim('labels', labels, 'N')
    check_gamma(gamma)
    logits = cls_logits.to(torch.promote_types(cls_logits.dtype, torch.float32))
    entropy = F.cross_entropy(logits, labels, reduction='none')
    # Exact where p is close to 1; 0 to a power below 1 would have an infinite gradient.
    doubt = (-torch.expm1(-entropy)).clamp(min=torch.finfo(entropy.dtype).tiny)
    return doubt ** gamma * entropy


def check_gamma(gamma: float) -> None:
    """Raise unless gamma is a number >= 0.

    Args:
        gamma: what was given.

    Raises:
        TypeError: it is not a number.
        ValueError: it is negative or NaN.
    """
    if not isinstance(gamma, Real):
        raise TypeError(f'gamma must be a number >= 0, got {gamma!r}. Unbiased Teacher sets it to '
                        '1.5.')
    if not gamma >= 0:
        raise ValueError(f'gamma must be at least 0, got {gamma!r}. Unbiased Teacher sets it to '
                         '1.5; a negative one would stress what is classified well.')
