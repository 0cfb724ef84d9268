"""Class quality and mask quality of a teacher's candidates.

Axes: Q queries, K classes, N instances, H x W pixels.
"""
from typing import Tuple

import torch
from torch import Tensor

from ._checks import check_ndim


def class_quality(cls_logits: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    """Probability of the most likely class of each query.

    PL-DC, Eq. 3. The softmax runs over K + 1 classes with no-object, as in the released code;
    the last column is then dropped, without renormalising. A query that is probably no object
    therefore has a low class quality.

    Args:
        cls_logits: class logits (Q, K + 1), the last column is no-object. Any floating dtype.

    Returns:
        Class scores (Q,) in [0, 1], labels (Q,) long in [0, K), and class probabilities (Q, K)
        whose rows sum to at most 1. Computed in at least float32.

    Raises:
        ValueError: ``cls_logits`` is not two-dimensional or has fewer than two columns.
    """
    check_ndim('cls_logits', cls_logits, 'Q K+1')
    if cls_logits.shape[1] < 2:
        raise ValueError('cls_logits must have a column per class and one for no-object, got shape '
                         f'{tuple(cls_logits.shape)}. Give the logits before no-object is dropped.')
    compute_dtype = torch.promote_types(cls_logits.dtype, torch.float32)
    probs = cls_logits.softmax(dim=-1, dtype=compute_dtype)[:, :-1]
    scores, labels = probs.max(dim=-1)
    return scores, labels, probs


def mask_quality(mask_logits: Tensor) -> Tensor:
    """Mean foreground probability over the foreground pixels of each mask.

    PL-DC, Eq. 4: ``sum(p * [p > 0.5]) / sum([p > 0.5])`` with ``p = sigmoid(mask_logits)``. The
    condition is evaluated as ``logit > 0``, which is the same and needs no rounding. The value
    depends on the resolution: at stride 4 it is slightly higher than at the input's.

    Args:
        mask_logits: mask logits (N, H, W). Half precision is accumulated in float32.

    Returns:
        Mask quality (N,): 0 for a mask without foreground, otherwise in (0.5, 1].

    Raises:
        ValueError: ``mask_logits`` is not three-dimensional.
    """
    check_ndim('mask_logits', mask_logits, 'N H W')
    compute_dtype = torch.promote_types(mask_logits.dtype, torch.float32)
    if len(mask_logits) == 0:
        return mask_logits.new_zeros(0, dtype=compute_dtype)
    # One instance at a time: temporaries of one mask, not of N, at input resolution.
    return torch.stack([_single_mask_quality(logits.to(compute_dtype)) for logits in mask_logits])


def _single_mask_quality(logits: Tensor) -> Tensor:
    """Eq. 4 for one mask (H, W); returns a scalar tensor."""
    foreground = logits > 0
    # The sum of a bool mask would make an int64 copy of it.
    area = torch.count_nonzero(foreground).clamp(min=1)
    return (logits.sigmoid() * foreground).sum() / area
