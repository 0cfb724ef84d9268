"""Do features and the prototype of a class have the same strongest channels?

Axes: D channels, M features, K classes, h x w pixels at the stride of the features. Channels are
ranked by value, as in the released code; behind a ReLU that is the paper's magnitude.
"""
from math import isfinite

import torch
from torch import Tensor

from ._checks import check_fraction, check_ndim, check_same_shape


def channel_ranks(values: Tensor, k: int = 5) -> Tensor:
    """Find the k strongest channels of each feature.

    Weighting Pseudo-Labels, section 3.4: ``topk(z)``. Of equal channels the one with the lower
    index counts as stronger, so that the result does not depend on the device, not even in
    bfloat16, where many are equal.

    Args:
        values: z, (M, D), finite.
        k: number of channels, in [1, D]; the paper's best are 5 and 7.

    Returns:
        (M, k) int64, the strongest first.

    Raises:
        ValueError: wrong axes, or k is not in [1, D].
    """
    check_ndim('values', values, 'M D')
    if not 1 <= k <= values.shape[1]:
        raise ValueError(f'k must lie in [1, {values.shape[1]}], the number of channels, got '
                         f'{k!r}. The paper sets it to 5.')
    left = values.detach().clone(memory_format=torch.contiguous_format)
    ranks = []
    # topk may return any of equal channels; argmax returns the first, and k of them cost no more.
    for _ in range(k):
        ranks.append(left.argmax(dim=1, keepdim=True))
        left.scatter_(1, ranks[-1], float('-inf'))
    return torch.cat(ranks, dim=1)


def rank_overlap(features: Tensor, prototypes: Tensor, k: int = 5) -> Tensor:
    """Share of the top-k channels that a feature has in common with its prototype.

    Weighting Pseudo-Labels, section 3.4: ``|topk(z) & topk(p)| / k``, by value, whatever the order
    inside the top k. Of equal channels the one with the lower index counts as stronger.

    Args:
        features: z, (M, D), for example of M pixels.
        prototypes: p of each feature's class, (M, D).
        k: number of channels, in [1, D]; the paper's best are 5 and 7.

    Returns:
        (M,) float32 in [0, 1].

    Raises:
        ValueError: shapes differ, or k is not in [1, D].
    """
    check_ndim('features', features, 'M D')
    check_ndim('prototypes', prototypes, 'M D')
    check_same_shape('features', features, 'prototypes', prototypes)
    shared = _strongest(prototypes, k).gather(1, channel_ranks(features, k))
    return shared.sum(1, dtype=torch.float32) / k


def rank_overlap_map(features: Tensor, classes: Tensor, prototypes: Tensor, k: int = 5, *,
                     missing: float = 1.0) -> Tensor:
    """Share of its strongest channels that each pixel has in common with its class's prototype.

    :func:`rank_overlap` of all pixels of an image (Weighting Pseudo-Labels, section 3.4), by one
    look-up per pixel and channel in the table of the K classes' strongest channels. Ours: the
    features stay at their stride, where the released code enlarges them to the image; channels
    that are not above 0 do not count, and the share is of those that do, of the pixel or of the
    prototype, whichever has fewer, where the released code fills up with dead channels. With k
    active channels on both sides the two are the same. A pixel without any shares nothing.

    Args:
        features: of one image, (D, h, w); one whose strongest channels speak for the class.
        classes: class of each pixel, integers (h, w), or (N, h, w) for N masks of the image, each
            filled with its class; outside of [0, K) a pixel has none.
        prototypes: (K, D); a class whose row has no channel above 0 has no prototype.
        k: number of channels, in [1, D]; the paper's best are 5 and 7.
        missing: value of pixels without a class, or whose class has no prototype, in [0, 1]. 1
            trusts them (ours); 0 gives the weight 1 of the released code where it adds 1.

    Returns:
        float32 in [0, 1], of the shape of ``classes``, without gradient.

    Raises:
        ValueError: wrong axes, shapes that differ, or a setting out of its range.
    """
    _check_map(features, classes, prototypes)
    check_fraction('missing', missing, 'Give 1 to trust pixels that nothing speaks against.')
    pixels = features.flatten(1).T
    ranks = channel_ranks(pixels, k)
    active = pixels.gather(1, ranks) > 0
    table = _strongest(prototypes, k) & (prototypes > 0)
    rows = classes.flatten(-2).long().clamp(0, len(table) - 1)
    shared = (table[rows[..., None], ranks] & active).sum(-1)
    available = table.sum(1)[rows]
    overlap = shared / torch.minimum(active.sum(1), available).clamp(min=1)
    overlap = overlap.float().reshape(classes.shape)
    judged = (classes >= 0) & (classes < len(table)) & (available > 0).reshape(classes.shape)
    return torch.where(judged, overlap, missing)


def rank_weights(overlap: Tensor, *, offset: float = 1.0, normalize: bool = True) -> Tensor:
    """Pixel weights from the share of common channels, ``(offset + s/k) / (offset + 1)``.

    Weighting Pseudo-Labels, Eq. 6, prints ``s/k`` (offset 0); the released code weighs by
    ``1 + s/k`` (offset 1, not normalised) and divides the loss by the sum of the weights, where
    both forms of an offset are the same. Any other offset is ours: normalised, the least weight
    is ``offset / (offset + 1)``, 0.2 with an offset of 0.25.

    Args:
        overlap: s/k, any shape, in [0, 1].
        offset: weight, before the division, of a pixel that shares nothing; finite, at least 0.
        normalize: divide by the largest possible weight.

    Returns:
        The shape of ``overlap``, in [0, 1], or in [offset, offset + 1] if not normalised.

    Raises:
        ValueError: the offset is negative or not finite.
    """
    if not (isfinite(offset) and offset >= 0):
        raise ValueError(f'offset must be finite and at least 0, got {offset!r}. Give 0 for the '
                         "paper's Eq. 6, 1 for the released code.")
    weights = offset + overlap
    return weights / (offset + 1) if normalize else weights


def _strongest(values: Tensor, k: int) -> Tensor:
    """bool (M, D), True for the k largest values of each row."""
    ranks = channel_ranks(values, k)
    return torch.zeros_like(values, dtype=torch.bool).scatter_(1, ranks, True)


def _check_map(features: Tensor, classes: Tensor, prototypes: Tensor) -> None:
    """Raise unless the axes of the three fit."""
    check_ndim('features', features, 'D h w')
    check_ndim('prototypes', prototypes, 'K D')
    check_ndim('classes', classes, 'N h w' if classes.ndim == 3 else 'h w')
    if classes.shape[-2:] != features.shape[1:]:
        raise ValueError(f'classes must cover the {tuple(features.shape[1:])} pixels of the '
                         f'features, got shape {tuple(classes.shape)}. Resize the masks to the '
                         'features, not the features to the masks.')
    if not 1 <= len(prototypes) or prototypes.shape[1] != len(features):
        raise ValueError(f'prototypes must be (K, {len(features)}), one row per class and one '
                         f'channel per channel of the features, got {tuple(prototypes.shape)}. '
                         'Take both from the same layer.')
