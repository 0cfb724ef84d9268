"""The boundary-preserving map in models that predict masks of the whole image."""

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from toy import labeled_sample, toy_detector

from mmssis.models.knet.losses import mask_losses
from mmssis.models.knet.targets import Assignment
from mmssis.structures.boundary import boxes_on_grid

GRID = 256


def discs_off_by_one_cell(radius):
    """Logits (256, 256) of a confident disc, and the same disc one cell to the right, bool."""
    y, x = torch.meshgrid(*[torch.arange(GRID) + 0.5] * 2, indexing='ij')
    inside = radius - ((x - 128) ** 2 + (y - 128) ** 2).sqrt()
    shifted = radius - ((x - 129) ** 2 + (y - 128) ** 2).sqrt()
    return inside.clamp(-12, 12), shifted > 0


def mask2former_loss(logits, target, boundary_map):
    """Mask loss of one query; the target has twice the resolution, as masks of the image have."""
    torch.manual_seed(0)
    detector = toy_detector(num_queries=1)
    head = MODELS.build(dict(
        detector.panoptic_head, train_cfg=dict(detector.train_cfg, num_points=4096),
        test_cfg=detector.test_cfg, boundary_map=boundary_map))
    fine = target.repeat_interleave(2, 0).repeat_interleave(2, 1)
    instances = InstanceData(labels=torch.zeros(1, dtype=torch.long), masks=fine[None])
    losses = head.loss_by_feat([torch.zeros(1, 1, 4)], [logits[None, None]], [instances],
                               [labeled_sample(64, ()).metainfo])
    return losses['loss_mask']


def knet_loss(logits, target, boundary_map):
    """Mask loss of one kernel."""
    pair = Assignment(rows=torch.zeros(1, dtype=torch.long), labels=None, cls_weights=None,
                      masks=target[None].float(), mask_weights=torch.ones(1), pixel_weights=None)
    loss_mask, loss_dice = (MODELS.build(loss) for loss in (
        dict(type='CrossEntropyLoss', use_sigmoid=True), dict(type='DiceLoss')))
    return mask_losses(logits[None], pair, loss_mask, loss_dice, boundary_map)['loss_mask']


@pytest.mark.parametrize('loss_of', [mask2former_loss, knet_loss])
@pytest.mark.parametrize('radius', [4, 64])
def test_the_map_keeps_the_loss_of_small_and_large_masks_comparable(radius, loss_of):
    """With the mean over the image the loss of the small disc was 1000 times the plain one."""
    logits, target = discs_off_by_one_cell(radius)
    plain, mapped = (loss_of(logits, target, settings) for settings in (None, dict(scale=3.0)))
    assert 1 < mapped / plain < 10


@pytest.mark.parametrize('loss_of', [mask2former_loss, knet_loss])
def test_what_is_wrong_far_from_the_instance_is_learned_as_without_the_map(loss_of):
    logits, target = discs_off_by_one_cell(16)
    logits[200:220, 10:30] = 4.0
    gradients = []
    for settings in (None, dict(scale=3.0)):
        logits = logits.detach().requires_grad_()
        loss_of(logits, target, settings).backward()
        gradients.append(logits.grad)
    assert gradients[0][200:220, 10:30].sum() > 0
    assert torch.allclose(gradients[0][195:225, 5:35], gradients[1][195:225, 5:35])
    assert not torch.allclose(*gradients)


def test_boxes_of_targets_on_the_grid_of_the_prediction():
    masks = torch.zeros(3, 64, 32, dtype=torch.bool)
    masks[0, 8:40, 4:10] = True
    masks[1, 63, 31] = True
    assert boxes_on_grid(masks, (16, 16)).tolist() == [
        [2, 2, 5, 10], [15.5, 15.75, 16, 16], [0, 0, 0, 0]]
