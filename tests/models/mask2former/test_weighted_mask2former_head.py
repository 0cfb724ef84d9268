"""The weighted head: mmdet's losses at weight 1, and what each weight does."""

import math

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from toy import half_autocast, labeled_sample, toy_detector

from mmssis.models.mask2former import head as head_module


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
    grads = [torch.autograd.grad(sum(losses.values()), [*logits[0], *logits[1]])
             for losses in (reference, plain)]
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(*grads))
    assert reference.keys() == plain.keys() == weighted.keys() and len(reference) == 9
    for name, value in reference.items():
        assert torch.allclose(value, plain[name], atol=1e-4), name
        assert torch.allclose(plain[name], weighted[name], atol=1e-6), name


@pytest.mark.parametrize('labels', [pytest.param((0, 1), id='two pseudo labels'),
                                    pytest.param((), id='none')])
def test_background_weight_scales_the_queries_without_a_match(labels):
    sample = labeled_sample(64, labels)
    logits = outputs(images=1, layers=1)
    whole = losses_of(build_head(), [sample], logits)
    sample.gt_instances.set_metainfo(dict(background_weight=0.0))
    matched = losses_of(build_head(), [sample], logits)
    sample.gt_instances.set_metainfo(dict(background_weight=0.25))
    part = losses_of(build_head(), [sample], logits)
    expected = matched['loss_cls'] + 0.25 * (whole['loss_cls'] - matched['loss_cls'])
    assert torch.allclose(part['loss_cls'], expected)
    assert not torch.allclose(part['loss_cls'], whole['loss_cls'])
    assert (matched['loss_cls'] == 0) == (len(labels) == 0)


def test_the_boundary_map_weighs_the_points_of_the_cross_entropy_alone():
    """Noisy Boundaries on Mask2Former (PL-DC Table 5c): dice and classes stay."""
    sample, logits = labeled_sample(64, (0, 1)), outputs(images=1, layers=1)
    plain = losses_of(build_head(), [sample], logits)
    mapped = losses_of(build_head(boundary_map=dict(scale=3.0)), [sample], logits)
    assert [name for name in plain if not torch.allclose(plain[name], mapped[name])] == [
        'loss_mask']
    flat = [logits[0], [torch.full_like(logits[1][0], 9.0)]]
    sample.gt_instances.masks.masks[:] = 1
    nothing = losses_of(build_head(boundary_map=dict(padding='replicate')), [sample], flat)
    assert nothing['loss_mask'] == 0, 'a mask without a boundary has no weight in its box'
    with pytest.raises(ValueError, match='eps above 0'):
        build_head(boundary_map=dict(eps=0))


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


@pytest.mark.parametrize('field, weights, factors', [
    pytest.param('pixel_weights', [[[0.25] * 16] * 16] * 2,
                 dict(loss_mask=0.25, loss_dice=1, loss_cls=1), id='pixel weights scale BCE'),
    pytest.param('pixel_logits', [[[math.log(3)] * 16] * 16] * 2,
                 dict(loss_mask=0.5, loss_dice=1, loss_cls=1), id='1 - u at 3/4 is a half'),
    pytest.param('mask_weights', [0.5, 0.5], dict(loss_mask=0.5, loss_dice=0.5, loss_cls=1),
                 id='mask weights scale both mask losses'),
    pytest.param('mask_weights', [0.0, 0.0], dict(loss_mask=0, loss_dice=0, loss_cls=1),
                 id='weight 0'),
    pytest.param('cls_weights', [0.0, 0.0], dict(loss_mask=1, loss_dice=1),
                 id='class weights leave the masks and the background'),
])
def test_instance_weights(field, weights, factors):
    logits = outputs(images=1)
    before = losses_of(build_head(), [labeled_sample(64, (0, 1))], logits)
    sample = with_weights(labeled_sample(64, (0, 1)), **{field: torch.tensor(weights)})
    after = losses_of(build_head(), [sample], logits)
    for name in before:
        factor = factors.get(name.split('.')[-1])
        if factor is None:
            assert 0 < after[name] < before[name]
        else:
            assert after[name].item() == pytest.approx(factor * before[name].item(), rel=1e-5,
                                                       abs=1e-7), name


def full_masks(*weights):
    """A sample of masks over the whole image, each with one weight everywhere."""
    count = len(weights)
    sample = labeled_sample(64, ())
    sample.gt_instances = InstanceData(
        labels=torch.arange(count), masks=torch.ones(count, 64, 64, dtype=torch.bool),
        pixel_weights=torch.tensor(weights).view(-1, 1, 1).repeat(1, 16, 16))
    return sample


def flat_outputs(images=1, layers=1):
    """Queries that say the same of every pixel."""
    return ([torch.zeros(images, 6, 4, requires_grad=True) for _ in range(layers)],
            [torch.zeros(images, 6, 16, 16, requires_grad=True) for _ in range(layers)])


@pytest.mark.parametrize('samples, factors', [
    pytest.param([full_masks(1.0, 0.2)], [1 / 3, 5 / 3], id='one image'),
    pytest.param([full_masks(1.0), full_masks(0.2)], [1 / 3, 5 / 3], id='two images'),
    pytest.param([full_masks(0.2, 0.2)], [1.0, 1.0], id='equal weights'),
    pytest.param([full_masks(0.0, 0.0)], [0.0, 0.0], id='no weight at all'),
])
def test_normalised_weights_are_shared_out_over_the_batch(samples, factors):
    """A mask that weighs a fifth of another has a fifth of its share of the loss."""
    def gradients(samples, **settings):
        logits = flat_outputs(images=len(samples))
        losses_of(build_head(**settings), samples, logits)['loss_mask'].backward()
        return logits[1][0].grad.abs().sum((2, 3)).flatten()
    plain = gradients([without_weights(sample) for sample in samples])
    found = gradients(samples, normalize_pixel_weights=True)
    matched = plain > 0
    assert not found[~matched].any()
    assert torch.allclose((found / plain)[matched].sort()[0], torch.tensor(factors))


def without_weights(sample):
    """The sample without weights."""
    instances = sample.gt_instances
    plain = labeled_sample(64, ())
    plain.gt_instances = InstanceData(labels=instances.labels, masks=instances.masks)
    return plain


@pytest.mark.parametrize('ranks', [
    pytest.param([(1.0, 0.2), (0.6, )], id='two and one'),
    pytest.param([(), (0.2, 1.0)], id='one rank without pseudo labels'),
])
def test_normalised_losses_of_two_ranks_average_to_that_of_one_batch(ranks, monkeypatch):
    samples, sent = [full_masks(*weights) for weights in ranks], [[], []]
    head = build_head(normalize_pixel_weights=True)
    expected = losses_of(head, samples, flat_outputs(2, layers=2))
    for rank, sample in enumerate(samples):
        monkeypatch.setattr(head_module, 'reduce_mean',
                            lambda value, rank=rank: sent[rank].append(value) or value)
        losses_of(head, [sample], flat_outputs(layers=2))
    assert len(sent[0]) == len(sent[1]) == 3, 'a rank that reduces more often would hang'
    found = []
    for sample in samples:
        means = iter([(a + b) / 2 for a, b in zip(*sent)])
        monkeypatch.setattr(head_module, 'reduce_mean', lambda value: next(means))
        found.append(losses_of(head, [sample], flat_outputs(layers=2)))
    for name in ('loss_mask', 'd0.loss_mask'):
        assert torch.allclose((found[0][name] + found[1][name]) / 2, expected[name])


def test_dice_reads_pixel_weights_on_request_and_not_their_normalisation():
    sample = with_weights(labeled_sample(64, (0, 1)), pixel_weights=torch.rand(2, 16, 16))
    logits = outputs(images=1)
    values = [[losses_of(build_head(weight_dice_by_pixel=flag, normalize_pixel_weights=normalize),
                         [sample], logits)['loss_dice'] for normalize in (False, True)]
              for flag in (False, True)]
    assert torch.equal(*values[0]) and torch.equal(*values[1])
    assert not torch.allclose(values[0][0], values[1][0])


def test_gap_2_6_masks_stay_bool():
    target, = build_head().preprocess_gt([labeled_sample(64, (0, 1)).gt_instances], [None])
    assert target.masks.dtype == torch.bool and target.masks.shape == (2, 64, 64)


def test_gap_2_29_half_precision_logits_match_as_float32_does():
    """mmdet's cost sums 12,544 points in half precision and overflows."""
    head = build_head()
    head.num_points = 12544
    samples = [labeled_sample(64, labels) for labels in ((0, 1), (), (2, ))]
    targets = head.preprocess_gt([sample.gt_instances for sample in samples], [None] * 3)
    metas = [sample.metainfo for sample in samples]
    cls, mask = torch.randn(3, 6, 4).half(), (60 * torch.randn(3, 6, 16, 16)).half()
    torch.manual_seed(0)
    expected = head.match(cls.float(), mask.float(), targets, metas)
    torch.manual_seed(0)
    with half_autocast():
        matches = head.match(cls, mask, targets, metas)
    assert [len(queries) for queries, _ in matches] == [2, 0, 1]
    for pair, expected_pair in zip(matches, expected):
        assert all(torch.equal(a, b) for a, b in zip(pair, expected_pair))


def test_gap_2_28_nan_logits_reach_the_loss_and_not_the_matching():
    logits = outputs(images=1)
    with torch.no_grad():
        logits[1][0][:] = float('nan')
    losses = losses_of(build_head(), [labeled_sample(64, (0, 1))], logits)
    assert torch.isnan(losses['d0.loss_mask']) and torch.isfinite(losses['d1.loss_mask'])


@pytest.mark.parametrize('kind, value', [(0, float('inf')), (1, float('nan'))],
                         ids=['class', 'mask'])
def test_gap_2_28_non_finite_logits_never_raise(kind, value):
    logits = outputs(images=1)
    with torch.no_grad():
        logits[kind][1][0, 0] = value
    assert len(losses_of(build_head(), [labeled_sample(64, (0, 1))], logits)) == 9


@pytest.mark.parametrize('pseudo, divisor, per_mask', [
    pytest.param(True, 'masks', 1, id='pseudo labels: one mask in three images'),
    pytest.param(True, 'mmdet', 3, id='as mmdet counts: two empty images are two masks'),
    pytest.param(False, 'masks', 3, id='labels: always as mmdet'),
])
def test_mask_losses_are_divided_by_the_number_of_masks(pseudo, divisor, per_mask):
    """By hand, logits 0 at P points of no object: BCE ln 2, dice 1 - eps / (P / 2 + eps)."""
    samples = [labeled_sample(64, labels) for labels in ((0, ), (), ())]
    for sample in samples:
        sample.set_metainfo(dict(pseudo_labeled=pseudo))
    samples[0].gt_instances.masks.masks[:] = 0
    class_logits, mask_logits = outputs(images=3, layers=1)
    head = build_head(mask_divisor=divisor)
    losses = losses_of(head, samples, (class_logits, [torch.zeros_like(mask_logits[0])]))
    points, eps = head.num_points, head.loss_dice.eps
    dice = 1 - eps / (0.5 * points + eps)
    assert losses['loss_mask'].item() == pytest.approx(
        head.loss_mask.loss_weight * 0.693147 / per_mask, rel=1e-5)
    assert losses['loss_dice'].item() == pytest.approx(
        head.loss_dice.loss_weight * dice / per_mask, rel=1e-5)


def test_without_pseudo_labels_the_divisor_is_one_and_shared_by_ranks(monkeypatch):
    """Another rank has 3 masks: the mean of 0 and 3 divides; below 1 it is 1."""
    samples = [labeled_sample(64, ())]
    samples[0].set_metainfo(dict(pseudo_labeled=True))
    for others, divisor in ((3.0, 1.5), (1.0, 1.0)):
        monkeypatch.setattr(head_module, 'reduce_mean', lambda count: (count + others) / 2)
        assert build_head()._num_masks([samples[0].gt_instances], [samples[0].metainfo],
                                       torch.device('cpu')) == divisor
    with pytest.raises(ValueError, match="mask_divisor = 'mean'"):
        build_head(mask_divisor='mean')


@pytest.mark.parametrize('labels', [((), (2, )), ((), ())], ids=str)
def test_gap_2_25_every_rank_reduces_once_with_instances_or_without(labels, monkeypatch):
    """A rank that reduces more or less often than the others would hang them."""
    reduced = []
    monkeypatch.setattr(head_module, 'reduce_mean',
                        lambda count: reduced.append(count.item()) or count)
    losses_of(build_head(), [labeled_sample(64, names) for names in labels], outputs())
    assert reduced == [sum(max(len(names), 1) for names in labels)]


def test_without_instances_every_parameter_still_has_a_gradient():
    head = build_head()
    features = [torch.randn(1, c, s, s) for c, s in ((8, 16), (16, 8), (32, 4), (64, 2))]
    sum(head.loss(features, [labeled_sample(64, ())]).values()).backward()
    by_empty = {name for name, p in head.named_parameters() if p.grad is not None}
    head.zero_grad()
    sum(head.loss(features, [labeled_sample(64, (0, 1))]).values()).backward()
    by_instances = {name for name, p in head.named_parameters() if p.grad is not None}
    assert by_empty == by_instances and any('mask_embed' in name for name in by_empty)


def test_the_host_waits_once_per_layer_for_the_costs(monkeypatch):
    fetched, fetch = [], torch.Tensor.cpu
    monkeypatch.setattr(torch.Tensor, 'cpu', lambda self: fetched.append(self) or fetch(self))
    losses_of(build_head(), [labeled_sample(64, (0, 1)), labeled_sample(64, (2, ))], outputs())
    assert len(fetched) == 3


def test_masks_may_have_another_resolution_in_each_image():
    """A half is a half at any resolution; only the bilinear edge differs."""
    values = []
    for size in (64, 16):
        masks = torch.zeros(1, size, size, dtype=torch.bool)
        masks[:, :size // 2] = True
        sample = labeled_sample(64, (0, ))
        sample.gt_instances = InstanceData(labels=torch.tensor([0]), masks=masks)
        head = build_head()
        head.num_points = 2048
        values.append(losses_of(head, [sample, labeled_sample(64, (1, ))], outputs()))
    assert all(torch.allclose(values[0][name], values[1][name], rtol=0.02) for name in values[0])


BCE = dict(type='CrossEntropyLoss', use_sigmoid=True)


def test_settings_that_would_be_passed_over_are_refused():
    for settings, error, message in [
            # mistyped name that mmdet would swallow
            (dict(weight_dice_by_pixels=True), TypeError, r"\['weight_dice_by_pixels'\]"),
            # another mask loss
            (dict(loss_mask=dict(type='FocalLoss')), TypeError, 'loss_mask.*FocalLoss'),
            # softmax over pixels
            (dict(loss_mask=dict(BCE, use_sigmoid=False)), ValueError, 'use_sigmoid=True'),
            # class weight of the mask loss
            (dict(loss_mask=dict(BCE, class_weight=[2.0])), ValueError, 'class_weight'),
            (dict(loss_dice=dict(naive_dice=False)), ValueError, 'naive_dice'),  # dice of squares
    ]:
        with pytest.raises(error, match=message):
            build_head(**settings)
    with pytest.raises(ValueError, match='num_stuff_classes'):
        build_head(num_stuff_classes=2, loss_cls=dict(
            type='CrossEntropyLoss', class_weight=[1.0] * 5 + [0.1]))
    sample = with_weights(labeled_sample(64, (0, 1)))
    sample.gt_instances.masks = sample.gt_instances.masks.float()
    with pytest.raises(ValueError, match='float32.*masks > 0.5'):
        build_head().preprocess_gt([sample.gt_instances], [None])
