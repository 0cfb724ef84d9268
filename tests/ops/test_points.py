"""Sampling at points against its naive writing."""

import pytest
import torch
from reference import plain_equations
from toy_ops import random

from mmssis.ops import sample_points

CORNERS = torch.tensor([[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, 0.5]]])
OUTSIDE = torch.tensor([[[-0.1, 0.5], [1.1, 0.5], [0.5, -3.0], [7.0, 7.0]]])


@pytest.mark.parametrize('maps, points, rows', [
    pytest.param(random(0, 3, 4, seed=1), random(1, 5, 2), [], id='no map'),
    pytest.param(random(1, 1, 1, seed=1), random(1, 5, 2), [0], id='one pixel'),
    pytest.param(random(2, 3, 4, seed=1), CORNERS, [1, 0], id='corners'),
    pytest.param(random(2, 3, 4, seed=1), OUTSIDE, [0, 1], id='outside'),
    pytest.param(random(3, 5, 4, seed=1), random(4, 20, 2), [2, 0, 2, 1], id='rows repeat maps'),
    pytest.param(random(3, 5, 4, seed=1), random(1, 20, 2), [2, 0, 2, 1], id='shared points'),
    pytest.param(random(3, 4, 5, seed=1).transpose(1, 2), random(3, 9, 2), [0, 1, 2],
                 id='not contiguous'),
])
def test_sample_points(maps, points, rows):
    for border in (False, True):
        values = sample_points(maps, points, torch.tensor(rows, dtype=torch.long), border)
        expected = plain_equations.sample_points(maps.tolist(), points.tolist(), rows, border)
        assert values.shape == (len(rows), points.shape[1]) and values.dtype == points.dtype
        assert torch.allclose(values, torch.tensor(expected).view_as(values), atol=1e-5)


def test_large_maps_are_read_at_the_right_pixel():
    """A pixel's index beyond 2 ** 24 is not a number of single precision."""
    size = 4099
    maps = torch.zeros(1, size, size, dtype=torch.bool)
    maps[0, -1, -2] = True
    columns = torch.tensor([size - 2.5, size - 1.5, size - 0.5])
    points = torch.stack([columns, torch.full((3, ), size - 0.5)], dim=-1)[None] / size
    values = sample_points(maps, points, torch.zeros(1, dtype=torch.long))
    assert values[0].tolist() == pytest.approx([0, 1, 0], abs=1e-2)


@pytest.mark.parametrize('maps, points, rows, message', [
    pytest.param((2, 1, 3, 4), (2, 5, 2), (2, ), 'maps.*M h w', id='maps with channels'),
    pytest.param((2, 3, 4), (5, 2), (2, ), 'points.*N P xy', id='points without rows'),
    pytest.param((2, 3, 4), (3, 5, 2), (2, ), 'points', id='more points than rows'),
])
def test_refuses(maps, points, rows, message):
    with pytest.raises(ValueError, match=message):
        sample_points(torch.zeros(maps), torch.zeros(points),
                      torch.zeros(rows, dtype=torch.long))
