"""Maps on box grids, read from RoIs of another view: naive sampling and warped shapes."""

import pytest
import torch
from mmcv.ops import roi_align
from reference import roi_equations
from toy_ops import flip, random, rotation, scaling, translation

from mmssis.ops import affine_masks, sample_box_maps

SIZE = 160


def turn(degrees):
    """About the centre of the image."""
    centre = SIZE / 2
    return translation(centre, centre) @ rotation(degrees) @ translation(-centre, -centre)


MAPS = random(3, 5, 5)
BOXES = torch.tensor([[10.0, 20.0, 50.0, 44.0], [0.0, 0.0, 9.5, 8.25], [100.0, 90.0, 160.0, 160.0]])
ROIS = torch.tensor([[12.0, 18.0, 55.0, 40.0], [1.0, 2.0, 6.0, 7.0], [80.0, 95.0, 150.0, 130.0]])


@pytest.mark.parametrize('maps, boxes, matrix, rois', [
    pytest.param(MAPS[:0], BOXES[:0], flip(SIZE), ROIS[:0], id='no RoI'),
    pytest.param(MAPS[:, :1, :1], BOXES, scaling(1.0, 1.0), ROIS, id='one cell'),
    pytest.param(MAPS, BOXES, translation(3.25, -7.5), ROIS, id='translation'),
    pytest.param(MAPS, BOXES, scaling(1.5, 0.75), ROIS, id='scale'),
    pytest.param(MAPS, BOXES, turn(25), ROIS, id='rotation'),
    pytest.param(MAPS, BOXES, flip(SIZE) @ turn(-10) @ scaling(0.8, 0.8), ROIS, id='all of it'),
    pytest.param(MAPS, BOXES, translation(1000.0, 0.0), ROIS, id='far away'),
    pytest.param(MAPS, torch.cat([BOXES[:1], BOXES[1:, [0, 1, 0, 3]]]), scaling(1.0, 1.0), ROIS,
                 id='boxes without width'),
    pytest.param(MAPS, BOXES, flip(SIZE), ROIS[:, [0, 1, 2, 1]], id='RoIs without height'),
    pytest.param(MAPS.half(), BOXES, flip(SIZE), ROIS, id='half precision'),
])
def test_sample_box_maps(maps, boxes, matrix, rois):
    lists = [each.tolist() for each in (maps.float(), boxes, matrix.inverse(), rois)]
    for border in (False, True):
        values = sample_box_maps(maps, boxes, matrix, rois, 4, border)
        expected = roi_equations.sample_box_maps(*lists, 4, border)
        assert values.shape == (len(rois), 4, 4) and values.dtype == torch.float32
        assert torch.allclose(values, torch.tensor(expected).view_as(values), atol=1e-5)


def test_flip_is_exact():
    """The flipped box reads the flipped map, where warping full masks used to be a pixel off."""
    boxes = torch.tensor([[10.0, 20.0, 38.0, 48.0], [3.3, 5.7, 140.1, 77.7]])
    maps = torch.rand(2, 28, 28)
    flipped = torch.stack([SIZE - boxes[:, 2], boxes[:, 1], SIZE - boxes[:, 0], boxes[:, 3]], 1)
    values = sample_box_maps(maps, boxes, flip(SIZE), flipped, 28)
    assert torch.allclose(values, maps.flip(-1), atol=1e-5)
    assert torch.equal(values >= 0.5, maps.flip(-1) >= 0.5)


def test_a_map_of_ones_weighs_every_cell_alike():
    values = sample_box_maps(torch.ones(3, 28, 28), BOXES, rotation(20), ROIS, 28, border=True)
    assert torch.allclose(values, torch.ones(3, 28, 28), atol=1e-6)


def test_a_singular_matrix_gives_no_nan():
    values = sample_box_maps(MAPS, BOXES, torch.zeros(3, 3), ROIS, (3, 6))
    assert values.shape == (3, 3, 6) and not values.any()


def test_nothing_waits_for_the_device():
    """Tensors without values: whatever reads one on the host raises."""
    maps, boxes, matrix, rois = (part.to('meta') for part in (MAPS, BOXES, flip(SIZE), ROIS))
    assert sample_box_maps(maps, boxes, matrix, rois, 4).shape == (3, 4, 4)


def drawn(radius):
    """An ellipse with a notch, bool (1, SIZE, SIZE), and its box."""
    centres = torch.arange(SIZE) + 0.5
    x, y = centres - 76.3, centres[:, None] - 84.6
    notch = (x > 0) & (y.abs() < radius / 8)
    mask = ((x / radius) ** 2 + (y / (0.7 * radius)) ** 2 <= 1) & ~notch
    rows, columns = mask.any(1).nonzero(), mask.any(0).nonzero()
    box = torch.cat([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]).float()
    return mask[None], box[None]


def moved_box(box, matrix):
    """Box around the moved corners, (1, 4)."""
    x1, y1, x2, y2 = box[0].double()
    corners = matrix @ torch.stack([torch.stack([x, y, torch.ones_like(x)])
                                    for x in (x1, x2) for y in (y1, y2)], 1)
    return torch.cat([corners[:2].amin(1), corners[:2].amax(1)])[None].float()


def crop(mask, roi):
    """What mmdet makes of a full-size mask."""
    return roi_align(mask[:, None].float(), torch.cat([torch.zeros(1, 1), roi], 1), (28, 28),
                     1.0, 0, 'avg', True)[:, 0] >= 0.5


@pytest.mark.parametrize('radius', [30, 60])
@pytest.mark.parametrize('matrix', [
    pytest.param(flip(SIZE), id='flip'),
    pytest.param(translation(9.4, -12.7), id='translation'),
    pytest.param(turn(30), id='rotation'),
    pytest.param(flip(SIZE) @ turn(-20) @ translation(5.5, 3.0) @ scaling(0.8, 0.8),
                 id='all of it'),
])
def test_warped_shapes(matrix, radius):
    """The crop of the box's map equals the crop of the full-size mask, warped."""
    mask, box = drawn(radius)
    grid = roi_align(mask[:, None].float(), torch.cat([torch.zeros(1, 1), box], 1), (28, 28),
                     1.0, 0, 'avg', True)[:, 0]
    roi = moved_box(box, matrix)
    values = sample_box_maps(grid, box, matrix, roi, 28) >= 0.5
    # Room for what the larger view does not lose at the edge.
    warped = affine_masks(mask, matrix, (2 * SIZE, 2 * SIZE)) > 0.5
    expected = crop(warped, roi)
    iou = (values & expected).sum() / (values | expected).sum()
    assert iou > 0.95, iou


@pytest.mark.parametrize('change, match', [
    pytest.param(dict(maps=MAPS[0]), 'maps must have the axes', id='one map without its axis'),
    pytest.param(dict(boxes=BOXES[:2]), r'boxes must be \(3, 4\)', id='too few boxes'),
    pytest.param(dict(rois=ROIS[:2]), r'rois must be \(3, 4\)', id='too few RoIs'),
    pytest.param(dict(matrix=torch.eye(2)), r'matrix must be \(3, 3\)', id='matrix'),
])
def test_wrong_shapes(change, match):
    arguments = {**dict(maps=MAPS, boxes=BOXES, matrix=flip(SIZE), rois=ROIS), **change}
    with pytest.raises(ValueError, match=match):
        sample_box_maps(**arguments, size=4)
