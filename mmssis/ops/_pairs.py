"""Pairs of neighbouring pixels: where they are, how alike, how far two logits disagree.

Axes: N instances, H x W pixels, 8 neighbours in the order of rows, the centre left out.
"""
from typing import Any, Callable, Iterator, NamedTuple, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

NEIGHBOURS = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0))
FORWARD = range(len(NEIGHBOURS) // 2, len(NEIGHBOURS))
# Bounds the memory of a pass, which holds about ten maps. With fewer a GPU would wait for launches.
PIXELS_PER_PASS = dict(cpu=2**18, cuda=2**21)
Side = Tuple[Any, slice, slice]


def check_dilation(dilation: int) -> None:
    """Raise unless the distance of neighbours is a whole number >= 1.

    Args:
        dilation: what was given.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(dilation, int) or dilation < 1:
        raise ValueError(f'dilation must be a whole number >= 1, got {dilation!r}. The released '
                         'code has 2.')


def forward_pairs(shape: Tuple[int, int], dilation: int) -> Iterator[Tuple[int, int, Side, Side]]:
    """Every pair of neighbours once.

    Args:
        shape: (H, W).
        dilation: distance of the neighbours, at least 1.

    Yields:
        Neighbour k and its opposite, in [0, 8), the pixels i that have a neighbour k, and these
        neighbours j, whose opposite neighbour is i.
    """
    for k in FORWARD:
        sides = [_shift(size, step * dilation) for size, step in zip(shape, NEIGHBOURS[k])]
        here, there = ((..., *side) for side in zip(*sides))
        yield k, len(NEIGHBOURS) - 1 - k, here, there


def neighbour_maps(values: Tensor, alike: Callable[[Tensor, Tensor], Tensor], dilation: int,
                   valid: Optional[Tensor]) -> Tensor:
    """How alike each pixel and its neighbours are.

    Args:
        values: (N, ..., H, W).
        alike: of two tensors (N, ..., h, w), (N, h, w); the same whichever comes first.
        dilation: distance of the neighbours, at least 1.
        valid: bool (H, W) or (N, H, W), False where the image is padded; None takes all.

    Returns:
        (N, 8, H, W); 0 for neighbours that lie outside of the grid or are not valid.
    """
    shape = values.shape[-2:]
    maps = values.new_zeros(len(values), len(NEIGHBOURS), *shape)
    for k, opposite, here, there in forward_pairs(shape, dilation):
        both = alike(values[here], values[there])
        maps[:, k][here] = both if valid is None else both * valid[there]
        maps[:, opposite][there] = both if valid is None else both * valid[here]
    return maps


class PairWeights(NamedTuple):
    """How much each pair of neighbours counts.

    Attributes:
        maps: (M, 8, H, W) in [0, 1], of instances or of images.
        index: which of the M maps an instance has, long (N,); None if M is N.
        region: (N, H, W), bool or 0 and 1, whose pixels have pairs; None takes all.
        threshold: maps count as 1 from here on and as 0 below; None takes their values.
        dilation: distance of the neighbours, at least 1.
    """

    maps: Tensor
    index: Optional[Tensor]
    region: Optional[Tensor]
    threshold: Optional[float]
    dilation: int

    def of(self, rows: slice, k: int, pixels: Side) -> Tensor:
        """Weights of some instances' pixels with their neighbour k, (n, h, w)."""
        weights = self.maps[rows if self.index is None else self.index[rows], k][pixels]
        if self.threshold is not None:
            weights = weights >= self.threshold
        return weights if self.region is None else weights * self.region[rows][pixels]


def pair_sums(logits: Tensor, weights: PairWeights) -> Tuple[Tensor, Tensor]:
    """Weighted sum of ``-log(p_i p_j + (1 - p_i) (1 - p_j))`` over pixels i and neighbours j.

    With softplus s the term is ``s(x_i) + s(x_j) - s(x_i + x_j)``, and its gradient with respect
    to x_i is ``sigmoid(x_i) - sigmoid(x_i + x_j)``. Both directions of a pair have one term, which
    is computed once, with the sum of their weights.

    Args:
        logits: x, (N, H, W); at least float32 is computed in.
        weights: of the pairs, without gradient.

    Returns:
        The sum of each instance, (N,), and the sum of its weights, (N,), without gradient.
    """
    return _PairSums.apply(logits.to(torch.promote_types(logits.dtype, torch.float32)), weights)


class _PairSums(torch.autograd.Function):
    """Keeps the gradient alone, one map, which the sums are a by-product of."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, weights: PairWeights) -> Tuple[Tensor, Tensor]:
        gradient = torch.zeros_like(logits) if ctx.needs_input_grad[0] else None
        sums, counts = logits.new_zeros(2, len(logits)).unbind()
        for rows in _passes(logits):
            sums[rows], counts[rows] = _one_pass(
                logits[rows], weights, rows, None if gradient is None else gradient[rows])
        ctx.save_for_backward(gradient)
        ctx.mark_non_differentiable(counts)
        return sums, counts

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_sums: Tensor, _: Tensor) -> Tuple[Tensor, None]:
        """Gradient of the logits, which the forward pass has kept; the counts have none."""
        gradient, = ctx.saved_tensors
        return gradient * grad_sums[:, None, None], None


def _passes(logits: Tensor) -> Iterator[slice]:
    """Which instances to take at once."""
    most = PIXELS_PER_PASS['cuda' if logits.is_cuda else 'cpu']
    step = max(most // max(logits.shape[1] * logits.shape[2], 1), 1)
    return (slice(start, start + step) for start in range(0, len(logits), step))


def _one_pass(logits: Tensor, weights: PairWeights, rows: slice,
              gradient: Optional[Tensor]) -> Tuple[Tensor, Tensor]:
    """Sums and counts of some instances (n,); adds to their gradient (n, H, W) in place."""
    alone = F.softplus(logits)
    probs = logits.sigmoid()
    total, count = logits.new_zeros(2, len(logits)).unbind()
    for k, opposite, here, there in forward_pairs(logits.shape[1:], weights.dilation):
        both = weights.of(rows, k, here).to(logits.dtype) + weights.of(rows, opposite, there)
        joint = logits[here] + logits[there]
        loss = (alone[here] + alone[there]).sub_(F.softplus(joint))
        total += loss.mul_(both).sum((1, 2))
        count += both.sum((1, 2))
        if gradient is not None:
            joint.sigmoid_()
            gradient[here].add_((probs[here] - joint).mul_(both))
            gradient[there].add_((probs[there] - joint).mul_(both))
    return total, count


def _shift(size: int, step: int) -> Tuple[slice, slice]:
    """Where an axis of ``size`` has a neighbour at ``step``, and where these neighbours are."""
    first, last = max(-step, 0), max(min(size, size - step), max(-step, 0))
    return slice(first, last), slice(first + step, last + step)
