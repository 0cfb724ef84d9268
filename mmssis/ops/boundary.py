"""Weights that stress the surroundings of mask boundaries."""
from numbers import Real

import torch
import torch.nn.functional as F
from torch import Tensor

from ._checks import check_ndim

PADDINGS = dict(zeros='constant', replicate='replicate')


def boundary_preserving_map(mask_probs: Tensor, scale: float = 3.0, eps: float = 1e-6,
                            *, padding: str = 'zeros') -> Tensor:
    """Weight of each pixel in the mask loss, from the Laplacian of the predicted mask.

    Noisy Boundaries, section 3.3; size and normalisation as in its released code:
    ``scale * b / (mean(b) + eps)`` with ``b`` the absolute value of the 3 x 3 Laplacian (centre 8,
    neighbours -1) and the mean over the pixels of an instance, so that the weights of an instance
    average ``scale``. The released loss multiplies its mean by the map, which is the same as
    ``scale`` alone; the map must enter before the mean over pixels.

    Args:
        mask_probs: the student's foreground probabilities (N, S, S), at any supervised size.
        scale: mean weight, at least 0.
        eps: keeps a mask without any boundary finite, above 0.
        padding: 'zeros' as released, which stresses foreground at the RoI's border, or
            'replicate'.

    Returns:
        Weights (N, S, S), at least 0, in at least float32, without gradient.

    Raises:
        ValueError: wrong axes, a negative scale, an eps of 0 or less, or an unknown padding.
        TypeError: ``scale`` or ``eps`` is not a number.
    """
    check_ndim('mask_probs', mask_probs, 'N S S')
    for name, value in (('scale', scale), ('eps', eps)):
        if not isinstance(value, Real):
            raise TypeError(f'{name} must be a number, got {value!r}. Defaults: 3.0 and 1e-6.')
    if not scale >= 0 or not eps > 0:
        raise ValueError(f'scale must be at least 0 and eps above 0, got {scale!r} and {eps!r}. '
                         'The defaults are 3.0 and 1e-6.')
    if padding not in PADDINGS:
        raise ValueError(f'padding must be one of {tuple(PADDINGS)}, got {padding!r}.')
    probs = mask_probs.detach().to(torch.promote_types(mask_probs.dtype, torch.float32))
    if len(probs) == 0:
        return probs
    strength = _laplacian(probs, PADDINGS[padding]).abs()
    return scale * strength / (strength.mean((1, 2), keepdim=True) + eps)


def _laplacian(probs: Tensor, mode: str) -> Tensor:
    """Sum of the differences to the 8 neighbours, (N, S, S).

    As differences, flat regions give exactly 0. A convolution leaves rounding errors, which the
    normalisation would blow up where a mask has no boundary.
    """
    rows, columns = probs.shape[1:]
    padded = F.pad(probs[:, None], (1, 1, 1, 1), mode=mode)[:, 0]
    total = torch.zeros_like(probs)
    for y in range(3):
        for x in range(3):
            total += probs - padded[:, y:y + rows, x:x + columns]
    return total
