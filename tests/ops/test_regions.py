"""Shares of masks and boxes on regions, counted by hand and by loops."""

import pytest
import torch
from reference.plain_equations import box_share_in_regions as plain_box_share
from reference.plain_equations import mask_share_on_region as plain_mask_share
from toy_ops import random

from mmssis.ops import box_share_in_regions, mask_share_on_region, region_at_points


def test_shares_of_masks():
    region = torch.zeros(4, 4, dtype=torch.bool)
    region[:2, :2] = True
    masks = torch.zeros(4, 4, 4, dtype=torch.bool)
    masks[0, 0, 0] = True  # inside: 1 of 1
    masks[1, :2] = True  # 4 of 8
    masks[2, 2:] = True  # none of 8; the last mask is empty
    assert mask_share_on_region(masks, region).tolist() == [1, 0.5, 0, 0]
    with pytest.raises(ValueError, match='bring both to one grid'):
        mask_share_on_region(masks, region[:2])


def test_shares_of_boxes():
    regions = torch.tensor([[0., 0, 4, 4], [4, 0, 8, 4]])
    boxes = torch.tensor([[1., 1, 2, 2],  # 1 of 1
                          [2, 0, 6, 4],  # 8 of 16 in each: the larger one, not their sum
                          [0, 0, 4, 16],  # 16 of 64
                          [9, 9, 10, 10], [1, 1, 1, 3]])  # outside; without area
    assert box_share_in_regions(boxes, regions).tolist() == [1, 0.5, 0.25, 0, 0]
    assert box_share_in_regions(boxes, regions[:0]).tolist() == [0] * 5


def test_loops_say_the_same():
    masks, region = random(5, 6, 7) > 0.5, random(6, 7, seed=1) > 0.4
    assert mask_share_on_region(masks, region).tolist() == pytest.approx(
        plain_mask_share(masks.tolist(), region.tolist()))
    corners = random(2, 9, 2, seed=2) * 20
    boxes = torch.cat([corners.amin(0), corners.amax(0)], 1)
    assert box_share_in_regions(boxes[:6], boxes[6:]).tolist() == pytest.approx(
        plain_box_share(boxes[:6].tolist(), boxes[6:].tolist()), abs=1e-6)


def test_points_on_a_region():
    region = torch.tensor([[True, False], [False, True]])
    points = torch.tensor([[0., 0], [3.9, 0], [4, 0], [5, 7], [99, 99], [-1, 2]])
    assert region_at_points(region, points, 4).tolist() == [True, True, False, True, True, True]
