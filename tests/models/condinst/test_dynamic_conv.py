"""The dynamic head against loops over pixels and against mmdet's; which points it runs for."""

import pytest
import torch
from mmengine.structures import InstanceData
from reference import condinst as naive
from toy_condinst import PLAIN, build_condinst

from mmssis.models.condinst.dynamic_conv import select_positives


def points_of(num, params, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return InstanceData(
        points=64 * torch.rand(num, 2, generator=generator),
        strides=torch.tensor([8.0, 16.0, 32.0, 8.0])[:num],
        param_preds=torch.randn(num, params, generator=generator) / 2)


@pytest.mark.parametrize('channels, params', [
    pytest.param(16, 233, id='16 mask channels, layers of 8'),
    pytest.param(4, 137, id='fewer mask channels than the layers have'),
])
def test_dynamic_head_is_the_naive_one(channels, params):
    head = build_condinst(mask_channels=channels, num_params=params).mask_head
    head.mask_out_stride = 8  # No upsampling.
    features, points = torch.randn(channels, 3, 5), points_of(3, params)
    logits, = head.forward_single(features, points)
    assert logits.shape == (3, 3, 5)
    for i in range(3):
        expected = naive.dynamic_mask(
            features.tolist(), points.points[i].tolist(), points.strides[i].item(),
            points.param_preds[i].tolist())
        assert torch.allclose(logits[i], torch.tensor(expected), atol=1e-4)


def test_equal_channels_give_mmdets_masks():
    heads = [build_condinst(mask_channels=8, num_params=169, **settings).mask_head
             for settings in ({}, PLAIN)]
    features = torch.randn(8, 8, 8)
    ours, theirs = (head.forward_single(features, points_of(4, 169))[0] for head in heads)
    assert ours.shape == theirs.shape == (4, 16, 16)
    assert torch.allclose(ours, theirs, atol=1e-4)


def test_no_point_has_no_mask_and_a_gradient_of_zero():
    head = build_condinst().mask_head
    features = torch.randn(16, 8, 8, requires_grad=True)
    points = points_of(0, 233)
    points.param_preds.requires_grad_()
    logits, = head.forward_single(features, points)
    assert logits.shape == (0, 16, 16)
    logits.sum().backward()
    assert (features.grad == 0).all() and points.param_preds.grad is not None


@pytest.mark.parametrize('owners, most', [
    pytest.param([], 4, id='no point'),
    pytest.param([2, 2, 2, 5, 2], 4, id='an instance has fewer than its share'),
    pytest.param([3, 1, 2, 0, 3, 1], 2, id='more instances than points to keep: one each'),
    pytest.param([1, 1, 0, 0, 0, 0, 1], 5, id='a share that is rounded down'),
    pytest.param([1, 0, 1, 0], 100, id='all are kept'),
])
def test_the_best_points_of_each_instance_are_kept(owners, most):
    positives = InstanceData(
        scores=torch.randn(len(owners), 3), centernesses=torch.randn(len(owners), 1),
        pos_assigned_gt_inds=torch.tensor(owners, dtype=torch.long),
        number=torch.arange(len(owners)))
    quality = positives.scores.sigmoid().amax(1) * positives.centernesses[:, 0].sigmoid()
    expected = naive.best_points(owners, quality.tolist(), most)
    assert select_positives(positives, most).number.tolist() == expected
    assert select_positives(positives, -1) is positives
