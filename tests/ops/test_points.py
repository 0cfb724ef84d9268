"""Sampling at points against its naive writing and mmcv's ``point_sample``."""

import pytest
import torch
from mmcv.ops import point_sample
from reference import plain_equations

from mmssis.ops import sample_points


def random_points(rows, num_points, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(rows, num_points, 2, generator=generator)


def random_maps(*shape, seed=1):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


CORNERS = torch.tensor([[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, 0.5]]])
OUTSIDE = torch.tensor([[[-0.1, 0.5], [1.1, 0.5], [0.5, -3.0], [7.0, 7.0]]])


@pytest.mark.parametrize('border', [False, True], ids=['zeros', 'border'])
@pytest.mark.parametrize('maps, points, rows', [
    pytest.param(random_maps(0, 3, 4), random_points(1, 5), [], id='no map'),
    pytest.param(random_maps(2, 3, 4), random_points(0, 5), [], id='no row'),
    pytest.param(random_maps(2, 3, 4), random_points(2, 0), [0, 1], id='no point'),
    pytest.param(random_maps(1, 1, 1), random_points(1, 5), [0], id='one pixel'),
    pytest.param(random_maps(2, 3, 4), CORNERS, [1, 0], id='corners'),
    pytest.param(random_maps(2, 3, 4), OUTSIDE, [0, 1], id='outside'),
    pytest.param(random_maps(3, 5, 4), random_points(4, 20), [2, 0, 2, 1], id='rows repeat maps'),
    pytest.param(random_maps(3, 5, 4), random_points(1, 20), [2, 0, 2, 1], id='shared points'),
    pytest.param(random_maps(3, 5, 4) > 0.5, random_points(3, 20), [0, 1, 2], id='bool'),
    pytest.param(random_maps(3, 5, 4).half(), random_points(3, 20), [0, 1, 2], id='half'),
    pytest.param(random_maps(3, 4, 5).transpose(1, 2), random_points(3, 9), [0, 1, 2],
                 id='not contiguous'),
])
def test_sample_points(maps, points, rows, border):
    values = sample_points(maps, points, torch.tensor(rows, dtype=torch.long), border)
    expected = plain_equations.sample_points(maps.tolist(), points.tolist(), rows, border)
    assert values.shape == (len(rows), points.shape[1]) and values.dtype == points.dtype
    assert torch.allclose(values, torch.tensor(expected).view_as(values), atol=1e-5)


@pytest.mark.parametrize('points', [random_points(3, 500), CORNERS.expand(3, -1, -1),
                                    OUTSIDE.expand(3, -1, -1)],
                         ids=['inside', 'corners', 'outside'])
def test_equals_mmcvs_point_sample(points):
    maps = random_maps(3, 16, 12)
    expected = point_sample(maps[:, None], points)[:, 0]
    assert torch.allclose(sample_points(maps, points, torch.arange(3)), expected, atol=1e-5)


def test_weights_do_not_fade_along_the_border():
    ones = torch.ones(1, 4, 4)
    rows = torch.zeros(1, dtype=torch.long)
    assert sample_points(ones, CORNERS, rows, border=True).tolist() == [[1.0] * 5]
    assert sample_points(ones, CORNERS, rows)[0, 0].item() == 0.25


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
    pytest.param((2, 3, 4), (2, 5, 2), (2, 1), 'rows', id='rows of two axes'),
    pytest.param((2, 3, 4), (2, 5, 3), (2, ), 'points', id='three coordinates'),
    pytest.param((2, 3, 4), (3, 5, 2), (2, ), 'points', id='more points than rows'),
    pytest.param((2, 0, 4), (2, 5, 2), (2, ), 'maps', id='maps without pixels'),
])
def test_refuses(maps, points, rows, message):
    with pytest.raises(ValueError, match=message):
        sample_points(torch.zeros(maps), torch.zeros(points),
                      torch.zeros(rows, dtype=torch.long))
