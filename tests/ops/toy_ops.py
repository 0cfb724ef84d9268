"""Random tensors and homographies."""

import math

import torch


def random(*shape, seed=0):
    """Uniform in [0, 1)."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def translation(x, y):
    return torch.tensor([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]], dtype=torch.float64)


def scaling(x, y):
    return torch.diag(torch.tensor([x, y, 1.0], dtype=torch.float64))


def rotation(degrees, x=0.0, y=0.0):
    """About the origin, and a translation after it."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return torch.tensor([[c, -s, x], [s, c, y], [0.0, 0.0, 1.0]], dtype=torch.float64)


def flip(width):
    return translation(width, 0.0) @ scaling(-1.0, 1.0)
