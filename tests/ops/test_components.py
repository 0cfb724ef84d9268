"""Boxes of the largest connected part, against a flood fill."""

import pytest
import torch
from reference import plain_equations
from toy_ops import random

from mmssis.ops import largest_part_boxes


def mask_of(*rectangles, shape=(20, 30)):
    mask = torch.zeros(shape, dtype=torch.bool)
    for x1, y1, x2, y2 in rectangles:
        mask[y1:y2, x1:x2] = True
    return mask


@pytest.mark.parametrize('rectangles, expected', [
    pytest.param([(3, 4, 10, 12)], (3, 4, 10, 12), id='one-part'),
    pytest.param([(3, 4, 10, 12), (28, 19, 30, 20)], (3, 4, 10, 12), id='stray-pixels-far-away'),
    pytest.param([(0, 0, 2, 2), (5, 5, 9, 9)], (5, 5, 9, 9), id='larger-part-last'),
    pytest.param([(0, 0, 3, 3), (3, 3, 5, 5)], (0, 0, 5, 5), id='corners-touch'),
    pytest.param([(0, 0, 30, 20)], (0, 0, 30, 20), id='everything'),
    pytest.param([], (0, 0, 0, 0), id='empty-mask'),
])
def test_box_of_the_largest_part(rectangles, expected):
    boxes = largest_part_boxes(mask_of(*rectangles)[None])
    assert boxes.tolist() == [list(expected)]
    assert largest_part_boxes(torch.zeros(0, 20, 30, dtype=torch.bool)).shape == (0, 4)


def test_random_masks_agree_with_a_flood_fill():
    """Islands of any form, in one batch; of equal parts either will do."""
    masks = random(20, 9, 11) < 0.35
    for mask, box in zip(masks, largest_part_boxes(masks).tolist()):
        parts = sorted(plain_equations.connected_parts(mask.tolist()), key=len)
        largest = [part for part in parts if len(part) == len(parts[-1])]
        assert box in [plain_equations.box_of_pixels(part) for part in largest]


def test_coarse_grid_is_right_to_its_step():
    """A mask of 64 x 96 on a grid of 24: every 4th pixel, a box within 4 pixels."""
    mask = mask_of((10, 21, 50, 43), (90, 60, 93, 64), shape=(64, 96))
    box = largest_part_boxes(mask[None], grid=24)[0]
    assert (box - torch.tensor([10, 21, 50, 43])).abs().max() <= 4
