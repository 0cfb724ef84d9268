"""Noisy Boundaries' head: structure, losses at two sizes, the boundary map on either."""

import pytest
import torch
import torch.nn.functional as F
from mmdet.registry import MODELS
from toy_mask_rcnn import flat, images_of, sample_of, toy_mask_rcnn

from mmssis.models.mask_rcnn import NoiseTolerantMaskHead
from mmssis.ops import boundary_preserving_map


def head_of(**settings):
    torch.manual_seed(0)
    head = NoiseTolerantMaskHead(**{**dict(num_convs=4, in_channels=8, conv_out_channels=12,
                                           num_classes=3), **settings})
    head.init_weights()
    return head


def detector(num_classes=3, fuse='logits', **roi_head):
    config = toy_mask_rcnn(num_classes, mask_head='NoiseTolerantMaskHead')
    config.roi_head.mask_head.fuse = fuse
    config.roi_head.update(roi_head)
    torch.manual_seed(0)
    return MODELS.build(config).train()


def losses_of(model, samples, seed=0):
    torch.manual_seed(seed)
    return flat(model.loss(images_of(len(samples)), samples))


def test_the_released_structure_step_by_step():
    """B.4: three shared convolutions, logits of 28 and 14, mixed over classes by 1 x 1."""
    head = head_of()
    x = torch.randn(2, 8, 14, 14)
    shared = x
    for conv in head.convs[:3]:
        shared = F.relu(F.conv2d(shared, conv.conv.weight, conv.conv.bias, padding=1))
    high = F.relu(F.conv2d(shared, head.convs[3].conv.weight, head.convs[3].conv.bias, padding=1))
    high = F.relu(F.conv_transpose2d(high, head.upsample.weight, head.upsample.bias, stride=2))
    high = F.conv2d(high, head.conv_logits.weight, head.conv_logits.bias, padding=1)
    low = shared
    for conv in head.coarse_convs:
        low = F.relu(F.conv2d(low, conv.conv.weight, conv.conv.bias, padding=1))
    low = F.conv2d(low, head.coarse_logits.weight, head.coarse_logits.bias)
    up = F.conv_transpose2d(low, head.coarse_upsample.weight, head.coarse_upsample.bias, stride=2)
    fused = F.conv2d(torch.cat([up, high], 1), head.fusion.weight, head.fusion.bias)
    fine, coarse = head(x)
    assert torch.allclose(fine, fused, atol=1e-5) and torch.allclose(coarse, low, atol=1e-5)
    assert head.conv_logits.kernel_size == (3, 3)


@pytest.mark.parametrize('fuse, class_agnostic, channels, num', [
    ('logits', False, 3, 0), ('features', False, 3, 2), ('features', True, 1, 2)])
def test_shapes(fuse, class_agnostic, channels, num):
    """The released head crashes when it is class-agnostic."""
    fine, coarse = head_of(fuse=fuse, class_agnostic=class_agnostic)(torch.randn(num, 8, 14, 14))
    assert fine.shape == (num, channels, 28, 28) and coarse.shape == (num, channels, 14, 14)


@pytest.mark.parametrize('fuse, labels', [
    ('logits', [(0, 1), ()]), ('logits', [(), ()]), ('features', [(0, 1), (2, )])])
def test_losses_at_both_sizes_reach_every_parameter(fuse, labels):
    model = detector(fuse=fuse)
    losses = losses_of(model, [sample_of(names) for names in labels])
    assert {'loss_mask', 'loss_mask_coarse'} <= set(losses)
    assert (losses['loss_mask_coarse'] > 0) == any(labels)
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)


def test_the_coarse_loss_is_the_cross_entropy_with_targets_of_14(monkeypatch):
    model, seen = detector(), {}
    original = model.roi_head._mask_bce

    def spy(logits, targets, weights):
        seen['fine' if logits.shape[-1] == 28 else 'coarse'] = logits, targets, weights
        return original(logits, targets, weights)

    monkeypatch.setattr(model.roi_head, '_mask_bce', spy)
    losses = losses_of(model, [sample_of((0, 1))])
    assert seen['coarse'][1].shape[1:] == (14, 14) and seen['fine'][1].shape[1:] == (28, 28)
    for size, name in (('coarse', 'loss_mask_coarse'), ('fine', 'loss_mask')):
        logits, targets, weights = seen[size]
        assert (weights == 1).all() and set(targets.unique().tolist()) <= {0.0, 1.0}
        expected = F.binary_cross_entropy_with_logits(logits, targets)
        assert torch.allclose(losses[name], expected, atol=1e-6)
    halved = F.avg_pool2d(seen['fine'][1][:, None], 2)[:, 0] > 0.5
    assert ((seen['coarse'][1] > 0.5) == halved).float().mean() > 0.9


def test_the_boundary_map_weighs_both_sizes():
    plain = losses_of(detector(), [sample_of((0, 1))])
    mapped = losses_of(detector(boundary_map=dict(scale=3.0)), [sample_of((0, 1))])
    different = {name for name in plain if not torch.allclose(plain[name], mapped[name])}
    assert different == {'loss_mask', 'loss_mask_coarse'}


def test_the_boundary_map_is_that_of_the_students_prediction():
    model = detector(boundary_map=dict(scale=2.0, padding='replicate'))
    logits = torch.randn(3, 28, 28, generator=torch.Generator().manual_seed(0))
    targets = (logits.roll(1, 2) > 0).float()
    weights = boundary_preserving_map(logits.sigmoid(), 2.0, padding='replicate')
    expected = (F.binary_cross_entropy_with_logits(logits, targets, reduction='none')
                * weights).mean()
    found = model.roi_head._mask_bce(logits, targets, torch.ones(3, 28, 28))
    assert torch.allclose(found, expected)


def test_prediction_takes_the_fused_masks():
    model = detector().eval()
    with torch.no_grad():
        result, = model.predict(images_of(1), [sample_of(())])
        features = model.extract_feat(images_of(1))
        masks = model.roi_head._mask_forward(features, torch.tensor([[0., 4, 4, 40, 40]]))
    assert result.pred_instances.masks.shape[1:] == (64, 64)
    assert masks['mask_preds'].shape[-1] == 28 and masks['coarse_preds'].shape[-1] == 14


def test_head_refuses():
    for settings, message in [
            (dict(fuse='sum'), "fuse = 'sum'"),
            (dict(num_convs=0), 'num_convs >= 1'),
            (dict(upsample_cfg=dict(type='bilinear', scale_factor=2)), 'deconv'),
    ]:
        with pytest.raises(ValueError, match=message):
            head_of(**settings)
    with pytest.raises(ValueError, match='scale must be at least 0'):
        detector(boundary_map=dict(scale=-1))
