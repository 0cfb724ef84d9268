"""Mask targets and pixel weights of RoIs, from masks in every form."""

import numpy as np
import pytest
import torch
from mmdet.structures.mask import BitmapMasks, mask_target
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from toy import SIZE
from toy_mask_rcnn import BOXES, discs

from mmssis.models.mask_rcnn.roi_targets import crop_grid, crop_masks, crop_weights
from mmssis.structures import BoxMaps

CFG = ConfigDict(mask_size=28)
SHAPE = (SIZE, SIZE)
ROIS = torch.tensor([[5.0, 7.0, 35.5, 41.0], [10.0, 20.0, 46.0, 50.0], [2.0, 2.0, 40.0, 44.0]])
INDS = torch.tensor([0, 1, 0])


def bitmaps(num=2):
    return BitmapMasks(discs(num).numpy().astype(np.uint8), SIZE, SIZE)


def box_maps(num=2, grid=56):
    """Probabilities of the ellipses on the grids of their boxes."""
    x = (torch.arange(grid) + 0.5) / grid * 2 - 1
    inside = (x ** 2 + x[:, None] ** 2 <= 1).float()
    boxes = torch.tensor(BOXES).float()[:num]
    return BoxMaps(inside.expand(num, grid, grid), boxes, np.eye(3))


def expected():
    return mask_target([ROIS], [INDS], [bitmaps()], CFG)


@pytest.mark.parametrize('masks', [
    pytest.param(bitmaps(), id='bitmaps'),
    pytest.param(discs(2), id='bool tensor of full size'),
])
def test_masks_of_full_size_give_mmdets_targets(masks):
    targets = crop_masks(InstanceData(masks=masks), ROIS, INDS, CFG, SHAPE)
    assert targets.dtype == torch.float32 and torch.equal(targets, expected())


@pytest.mark.parametrize('masks', [
    pytest.param(discs(2).float().unflatten(2, (32, 2)).unflatten(1, (32, 2)).mean((2, 4)) >= 0.5,
                 id='stride 2'),
    pytest.param(box_maps(), id='box maps'),
])
def test_coarser_masks_give_nearly_the_same_targets(masks):
    targets = crop_masks(InstanceData(masks=masks), ROIS, INDS, CFG, SHAPE) > 0
    for target, wanted in zip(targets, expected() > 0):
        assert (target & wanted).sum() / (target | wanted).sum() > 0.93


def test_grids_of_another_aspect_cover_the_same_input():
    """Input of 64 x 96 on a grid of 16 x 48: each axis has its own stride."""
    maps = torch.zeros(1, 16, 48)
    maps[0, 4:8, 12:24] = 1
    rois = torch.tensor([[24.0, 16.0, 48.0, 32.0]])
    crop = crop_grid(maps, rois, torch.tensor([0]), (4, 4), (64, 96))
    assert torch.equal(crop, torch.ones(1, 4, 4))


@pytest.mark.parametrize('instances', [
    pytest.param(InstanceData(masks=discs(0)), id='empty tensor'),
    pytest.param(InstanceData(masks=box_maps(0)), id='no box maps'),
    pytest.param(InstanceData(), id='no masks at all'),
])
def test_no_roi(instances):
    assert crop_masks(instances, ROIS[:0], INDS[:0], CFG, SHAPE).shape == (0, 28, 28)
    assert crop_weights(instances, ROIS[:0], INDS[:0], (28, 28), SHAPE).shape == (0, 28, 28)


@pytest.mark.parametrize('instances', [
    pytest.param(InstanceData(labels=torch.arange(2)), id='missing'),
    pytest.param(InstanceData(pixel_weights=BoxMaps(
        torch.ones(2, 28, 28), torch.tensor(BOXES[:2]).float(), np.eye(3))), id='box maps of ones'),
])
def test_pixel_weights_of_one(instances):
    weights = crop_weights(instances, ROIS, INDS, (28, 28), SHAPE)
    assert torch.allclose(weights, torch.ones(3, 28, 28), atol=1e-6)


def test_pixel_weights_follow_the_instance():
    instances = InstanceData(pixel_weights=torch.stack([torch.full((16, 16), 0.25),
                                                        torch.full((16, 16), 0.75)]))
    weights = crop_weights(instances, ROIS, INDS, (28, 28), SHAPE)
    assert torch.allclose(weights.mean((1, 2)), torch.tensor([0.25, 0.75, 0.25]))
