"""Targets and losses: the naive reference at weight 1, and what each weight does."""

from math import log

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures.mask import BitmapMasks
from reference import knet_equations as plain
from toy import labeled_sample
from toy_knet import build_knet, knet_config, losses_of, random_stages, small_sample, weighted

from mmssis.models.knet import detector
from mmssis.models.knet.targets import semantic_targets, stride4_targets
from mmssis.structures import BoxMaps


def reference_losses(model, outputs, samples, size=32):
    """The same losses in plain Python."""
    output, stages = outputs
    seg = model.kernel_head.conv_seg(output.semantic_features)
    small = size // 4

    def up(maps):
        return [[plain.resize(one.tolist(), small, small) for one in image] for image in maps]

    described = [dict(masks=up(stage.mask_logits),
                      classes=None if stage.cls_logits is None else stage.cls_logits.tolist(),
                      ious=None if stage.iou_logits is None else stage.iou_logits.tolist())
                 for stage in (output.kernels, *stages)]
    return plain.knet_losses(described, [image_of(sample, small) for sample in samples], up(seg))


def image_of(sample, small):
    gt = sample.gt_instances
    masks = gt.masks if torch.is_tensor(gt.masks) else torch.from_numpy(gt.masks.masks)
    ones = [1.0] * len(gt)
    plane = [[[1.0] * small] * small] * len(gt)
    return dict(
        labels=gt.labels.tolist(),
        masks=[plain.resize(mask.tolist(), small, small) for mask in masks.float()],
        cls_weights=gt.cls_weights.tolist() if 'cls_weights' in gt else ones,
        mask_weights=gt.mask_weights.tolist() if 'mask_weights' in gt else ones,
        pixel_weights=[plain.resize(each.tolist(), small, small) for each in gt.pixel_weights]
        if 'pixel_weights' in gt else plane,
        background_weight=gt.background_weight if 'background_weight' in gt else 1.0)


@pytest.mark.parametrize('labels, num_classes', [
    pytest.param([(0, 1), ()], 3, id='one image empty'),
    pytest.param([(), ()], 3, id='no instance at all'),
    pytest.param([(0, 0), (0, )], 1, id='one class'),
    pytest.param([(0, ) * 6, (1, )], 3, id='more instances than kernels'),
])
def test_losses_are_the_formulas_with_and_without_weights_of_one(labels, num_classes):
    model = build_knet(num_classes=num_classes, num_kernels=4)
    samples = [small_sample(names) for names in labels]
    outputs = random_stages(model)
    expected = reference_losses(model, outputs, samples)
    values = losses_of(model, outputs, samples)
    ones = [weighted(s, cls_weights=torch.ones(n), mask_weights=torch.ones(n),
                     pixel_weights=torch.ones(n, 32, 32), background_weight=1.0)
            for s in samples for n in [len(s.gt_instances)]]
    with_ones = losses_of(model, outputs, ones)
    assert expected.keys() == values.keys() == with_ones.keys() and len(values) == 15
    for name, value in values.items():
        assert value.item() == pytest.approx(expected[name], rel=1e-4, abs=1e-5), name
        assert torch.allclose(value, with_ones[name], rtol=1e-6), name


def test_weighted_losses_are_the_formulas():
    model = build_knet(num_kernels=4)
    samples = [
        weighted(small_sample((0, 1)), 0.1225, cls_weights=torch.tensor([0.18, 0.75]),
                 mask_weights=torch.tensor([2.5, 0.3]), pixel_weights=torch.rand(2, 16, 16)),
        small_sample((2, )),
        weighted(small_sample(()), 0.5, cls_weights=torch.ones(0), mask_weights=torch.ones(0)),
    ]
    outputs = random_stages(model, images=3)
    expected = reference_losses(model, outputs, samples)
    for name, value in losses_of(model, outputs, samples).items():
        assert value.item() == pytest.approx(expected[name], rel=1e-4, abs=1e-5), name


def test_pseudo_labels_do_not_teach_semantics_and_iou():
    model = build_knet()
    names = losses_of(model, random_stages(model), [small_sample((0, ))] * 2,
                      pseudo_labeled=True).keys()
    assert 'init.loss_seg' not in names and not any('loss_iou' in name for name in names)
    assert len(names) == 2 + 3 * 3


def test_without_iou_output_there_is_no_iou_loss():
    model = build_knet(with_iou=False)
    names = losses_of(model, random_stages(model), [small_sample((0, ))] * 2).keys()
    assert len(names) == 3 + 3 * 3 and 'init.loss_seg' in names


@pytest.mark.parametrize('labels', [((), (2, )), ((), ())], ids=str)
def test_every_rank_reduces_once_with_instances_or_without(labels, monkeypatch):
    reduced = []
    monkeypatch.setattr(detector, 'reduce_mean',
                        lambda count: reduced.append(count.tolist()) or count)
    model = build_knet()
    losses_of(model, random_stages(model), [small_sample(names) for names in labels])
    matched = sum(map(len, labels))
    assert reduced == [[[matched, 12 - matched]] * 3]


POSITIVE, NEGATIVE = 0.25 * 0.5 ** 2 * log(2), 0.75 * 0.5 ** 2 * log(2)  # focal loss at logit 0


@pytest.mark.parametrize('separate, ranks, expected', [
    pytest.param(False, 1, 2 * (0.0625 * POSITIVE + 7 * NEGATIVE), id='released, or on labels'),
    pytest.param(True, 1, 2 * (0.0625 * POSITIVE + NEGATIVE), id='Eq. 5'),
    pytest.param(True, 2, 2 * (0.0625 * POSITIVE + 7 / 7.5 * NEGATIVE),
                 id='Eq. 5, the other rank has 8 kernels and no instance'),
])
def test_the_class_loss_is_divided_as_pais_eq_5_says(separate, ranks, expected, monkeypatch):
    """8 kernels, 1 class, one pseudo label of class score 0.5: it weighs 0.5 ** 4."""
    other = torch.tensor([0.0, 8.0])
    monkeypatch.setattr(detector, 'reduce_mean', lambda counts: (
        counts + (ranks - 1) * other) / ranks)
    model = build_knet(num_classes=1, num_kernels=4)
    outputs = random_stages(model)
    for stage in outputs[1]:
        stage.cls_logits.data.zero_()
    samples = [weighted(small_sample((0, )), cls_weights=torch.tensor([0.0625])), small_sample(())]
    losses = losses_of(model, outputs, samples, pseudo_labeled=True, separate_negatives=separate)
    assert [losses[f's{i}.loss_cls'].item() for i in range(3)] == [pytest.approx(expected)] * 3


def test_nan_logits_reach_the_loss():
    model = build_knet()
    outputs = random_stages(model)
    with torch.no_grad():
        outputs[1][1].mask_logits[:] = float('nan')
    losses = losses_of(model, outputs, [small_sample((0, 1)), small_sample((2, ))])
    assert torch.isnan(losses['s1.loss_mask']) and torch.isfinite(losses['s0.loss_mask'])


def test_masks_of_any_kind_and_resolution_are_one_target():
    """Blocks of 8 px: the same at every resolution down to stride 4."""
    small = torch.zeros(1, 8, 8, dtype=torch.bool)
    small[:, 2:6, 4:] = True
    gt = labeled_sample(32, (0, )).gt_instances
    for masks in (BitmapMasks(np.kron(small.numpy(), np.ones((4, 4), np.uint8)), 32, 32),
                  torch.from_numpy(np.kron(small.numpy(), np.ones((4, 4), bool))), small):
        gt.masks = masks
        assert torch.equal(stride4_targets(gt, (32, 32)).masks, small.float())


def test_masks_are_padded_to_the_input():
    gt = labeled_sample(24, (0, )).gt_instances
    gt.masks = BitmapMasks(np.ones((1, 20, 24), np.uint8), 20, 24)
    masks = stride4_targets(gt, (32, 32)).masks
    assert masks.shape == (1, 8, 8)
    assert masks[0, :5, :6].all() and not masks[0, 5:].any() and not masks[0, :, 6:].any()


def test_many_masks_are_the_same_as_few():
    gt = small_sample((0, ) * 40).gt_instances
    masks = stride4_targets(gt, (32, 32)).masks
    assert masks.shape == (40, 8, 8)
    assert torch.equal(masks[[33]], stride4_targets(gt[[33]], (32, 32)).masks)


def test_masks_that_are_not_binary_are_refused():
    for masks, message in [
            (torch.rand(1, 8, 8), 'float32.*masks > 0.5'),
            (BoxMaps(torch.rand(1, 4, 4), torch.tensor([[0., 0., 8., 8.]]), torch.eye(3)),
             'BoxMaps'),
    ]:
        gt = labeled_sample(32, (0, )).gt_instances
        gt.masks = masks
        with pytest.raises(ValueError, match=message):
            stride4_targets(gt, (32, 32))


@pytest.mark.parametrize('labels', [(0, 1, 2), ()], ids=str)
def test_later_instances_cover_earlier_ones(labels):
    target = stride4_targets(small_sample(labels).gt_instances, (32, 32))
    painted = plain.paint(labels, target.masks.tolist(), 3, 8, 8)
    assert semantic_targets([target], 3).tolist() == [painted]


def test_the_boundary_map_weighs_the_cross_entropy_of_every_stage():
    """Noisy Boundaries on K-Net: the mean weight is the scale, dice and classes stay."""
    samples = [small_sample((0, 1)), small_sample((2, ))]
    model = build_knet()
    outputs = random_stages(model)
    expected = losses_of(model, outputs, samples)
    mapped = build_knet()
    for head in (mapped.kernel_head, *mapped.update_heads):
        head.boundary_map = dict(scale=3.0)
    found = losses_of(mapped, outputs, samples)
    different = {name for name in expected if not torch.allclose(expected[name], found[name])}
    assert different == {name for name in expected if name.endswith('loss_mask')}
    config = knet_config()
    config.update_head.boundary_map = dict(scale=-1.0)
    with pytest.raises(ValueError, match='scale must be at least 0'):
        MODELS.build(config)
