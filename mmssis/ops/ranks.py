"""Do features and the prototype of a class have the same strongest channels?"""
import torch
from torch import Tensor

from ._checks import check_ndim, check_same_shape


def rank_overlap(features: Tensor, prototypes: Tensor, k: int = 5) -> Tensor:
    """Share of the top-k channels that a feature has in common with its prototype.

    Weighting Pseudo-Labels, section 3.4: ``|topk(z) & topk(p)| / k``, by value, whatever the order
    inside the top k. Of equal channels the one with the lower index counts as stronger, so that
    the result does not depend on the device.

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
    if not 1 <= k <= features.shape[1]:
        raise ValueError(f'k must lie in [1, {features.shape[1]}], the number of channels, got '
                         f'{k!r}. The paper sets it to 5.')
    shared = _strongest(features, k) & _strongest(prototypes, k)
    return shared.sum(1, dtype=torch.float32) / k


def _strongest(values: Tensor, k: int) -> Tensor:
    """bool (M, D), True for the k largest values of each row."""
    order = values.argsort(dim=1, descending=True, stable=True)[:, :k]
    return torch.zeros_like(values, dtype=torch.bool).scatter_(1, order, True)
