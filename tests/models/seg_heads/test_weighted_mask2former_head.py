"""The weighted head: mmdet's losses at weight 1, and what each weight does."""

import pytest
import torch
from mmdet.models.dense_heads import Mask2FormerHead
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from toy import labeled_sample, toy_detector


def build_head(cls='WeightedMask2FormerHead', num_classes=3, **settings):
    cfg = toy_detector(num_classes)
    head = cfg.panoptic_head
    head.update(type=cls, train_cfg=cfg.train_cfg, test_cfg=cfg.test_cfg, **settings)
    return MODELS.build(head)


def outputs(layers=3, images=2, queries=6, classes=3, size=16, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return ([torch.randn(images, queries, classes + 1, generator=generator, requires_grad=True)
             for _ in range(layers)],
            [torch.randn(images, queries, size, size, generator=generator, requires_grad=True)
             for _ in range(layers)])


def losses_of(head, samples, logits, seed=0):
    torch.manual_seed(seed)
    instances = [sample.gt_instances for sample in samples]
    targets = head.preprocess_gt(instances, [None] * len(instances))
    return head.loss_by_feat(*logits, targets, [sample.metainfo for sample in samples])


def with_weights(sample, **weights):
    """The sample's instances as pseudo labels with tensor masks and weights."""
    gt = sample.gt_instances
    sample.gt_instances = InstanceData(
        labels=gt.labels, masks=gt.masks.to_tensor(torch.bool, 'cpu'), **weights)
    return sample


@pytest.mark.parametrize('labels, num_classes', [
    pytest.param([(0, 1), (2, )], 3, id='two images'),
    pytest.param([(0, 1), ()], 3, id='one image empty'),
    pytest.param([(), ()], 3, id='no instance at all'),
    pytest.param([(0, 0), (0, )], 1, id='one class'),
    pytest.param([(0, ) * 9, (1, )], 3, id='more instances than queries'),
])
def test_weights_of_one_give_mmdets_losses_in_every_layer(labels, num_classes):
    samples = [labeled_sample(64, names) for names in labels]
    logits = outputs(classes=num_classes)
    reference = losses_of(build_head('Mask2FormerHead', num_classes), samples, logits)
    plain = losses_of(build_head(num_classes=num_classes), samples, logits)
    ones = [with_weights(s, cls_weights=torch.ones(len(s.gt_instances)),
                         mask_weights=torch.ones(len(s.gt_instances)),
                         pixel_weights=torch.ones(len(s.gt_instances), 16, 16)) for s in samples]
    weighted = losses_of(build_head(num_classes=num_classes), ones, logits)
    assert reference.keys() == plain.keys() == weighted.keys() and len(reference) == 9
    for name, value in reference.items():
        assert torch.allclose(value, plain[name], atol=1e-4), name
        assert torch.allclose(plain[name], weighted[name], atol=1e-6), name


def test_gradients_are_mmdets_too():
    samples = [labeled_sample(64, (0, 1)), labeled_sample(64, (2, ))]
    grads = []
    for cls in ('Mask2FormerHead', 'WeightedMask2FormerHead'):
        logits = outputs()
        sum(losses_of(build_head(cls), samples, logits).values()).backward()
        grads.append([logit.grad for kind in logits for logit in kind])
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(*grads))


def test_uncertain_pixels_give_no_gradient_to_the_mask_loss():
    """Eq. 11: u = 1 means weight 0, in all layers; dice is not weighted by default."""
    weights = torch.ones(2, 64, 64)
    weights[:, :, :32] = 0
    sample = with_weights(labeled_sample(64, (0, 1)), pixel_weights=weights)
    logits = outputs(images=1, size=64)
    losses = losses_of(build_head(), [sample], logits)
    sum(value for name, value in losses.items() if 'loss_mask' in name).backward()
    for logit in logits[1]:
        assert (logit.grad[..., :31] == 0).all() and (logit.grad[..., 33:] != 0).any()


@pytest.mark.parametrize('field, loss, weights, factor', [
    pytest.param('mask_weights', 'loss_mask', [0.5, 0.5], 0.5, id='mask weights scale BCE'),
    pytest.param('mask_weights', 'loss_dice', [0.5, 0.5], 0.5, id='mask weights scale dice'),
    pytest.param('mask_weights', 'loss_mask', [0.0, 0.0], 0.0, id='weight 0'),
    pytest.param('mask_weights', 'loss_cls', [0.5, 0.5], 1.0, id='class loss does not see them'),
    pytest.param('cls_weights', 'loss_mask', [0.5, 0.5], 1.0, id='nor the mask loss the others'),
])
def test_instance_weights(field, loss, weights, factor):
    logits = outputs(images=1)
    before = losses_of(build_head(), [labeled_sample(64, (0, 1))], logits)
    sample = with_weights(labeled_sample(64, (0, 1)), **{field: torch.tensor(weights)})
    after = losses_of(build_head(), [sample], logits)
    for prefix in ('', 'd0.', 'd1.'):
        assert after[prefix + loss].item() == pytest.approx(
            factor * before[prefix + loss].item(), rel=1e-5, abs=1e-7)


def test_class_weights_leave_the_background():
    logits = outputs(images=1)
    sample = with_weights(labeled_sample(64, (0, 1)), cls_weights=torch.zeros(2))
    zero = losses_of(build_head(), [sample], logits)['loss_cls']
    full = losses_of(build_head(), [labeled_sample(64, (0, 1))], logits)['loss_cls']
    assert 0 < zero < full


def test_normalised_pixel_weights_keep_the_mean():
    sample = with_weights(labeled_sample(64, (0, 1)), pixel_weights=torch.full((2, 16, 16), 0.25))
    logits = outputs(images=1)
    plain = losses_of(build_head(), [labeled_sample(64, (0, 1))], logits)['loss_mask']
    assert torch.allclose(
        losses_of(build_head(normalize_pixel_weights=True), [sample], logits)['loss_mask'], plain)
    assert torch.allclose(losses_of(build_head(), [sample], logits)['loss_mask'], 0.25 * plain)


def test_dice_reads_pixel_weights_on_request():
    sample = with_weights(labeled_sample(64, (0, 1)), pixel_weights=torch.rand(2, 16, 16))
    logits = outputs(images=1)
    values = [losses_of(build_head(weight_dice_by_pixel=flag), [sample], logits)['loss_dice']
              for flag in (False, True)]
    assert not torch.allclose(*values)


def test_gap_2_6_masks_stay_bool():
    target, = build_head().preprocess_gt([labeled_sample(64, (0, 1)).gt_instances], [None])
    assert target.masks.dtype == torch.bool and target.masks.shape == (2, 64, 64)


def test_gap_2_29_half_precision_logits_match_as_float32_does():
    """mmdet's cost sums 12,544 points in half precision and overflows."""
    head = build_head()
    head.num_points = 12544
    sample = labeled_sample(64, (0, 1))
    target, = head.preprocess_gt([sample.gt_instances], [None])
    cls, mask = torch.randn(6, 4), 60 * torch.randn(6, 16, 16)
    results = []
    for dtype in (torch.float32, torch.bfloat16):
        torch.manual_seed(0)
        with torch.autocast('cpu', dtype=torch.bfloat16, enabled=dtype != torch.float32):
            results.append(head.match(cls.bfloat16().to(dtype), mask.bfloat16().to(dtype), target,
                                      sample.metainfo))
    assert all(torch.equal(a, b) for a, b in zip(*results))


def test_gap_2_28_nan_logits_reach_the_loss_and_not_the_matching():
    logits = outputs(images=1)
    with torch.no_grad():
        logits[1][0][:] = float('nan')
    losses = losses_of(build_head(), [labeled_sample(64, (0, 1))], logits)
    assert torch.isnan(losses['d0.loss_mask']) and torch.isfinite(losses['d1.loss_mask'])


def test_stuff_classes_are_refused():
    with pytest.raises(ValueError, match='num_stuff_classes'):
        build_head(num_stuff_classes=2, loss_cls=dict(
            type='CrossEntropyLoss', class_weight=[1.0] * 5 + [0.1]))
    assert issubclass(type(build_head()), Mask2FormerHead)
