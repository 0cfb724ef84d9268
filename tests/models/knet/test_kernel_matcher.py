"""Costs and matches against the papers' formulas."""

import pytest
import torch
from mmdet.registry import TASK_UTILS
from mmengine.structures import InstanceData
from reference import knet_equations as plain
from toy import half_autocast
from toy_knet import knet_config

from mmssis.models.knet import MaskCost
from mmssis.models.knet.kernels import Kernels


def toy_matcher():
    return TASK_UTILS.build(knet_config().train_cfg.assigner)


def targets_of(*counts, size=8, num_classes=3, soft=True):
    """Random instances; a count per image."""
    masks = [torch.rand(count, size, size) for count in counts]
    return [InstanceData(labels=torch.randint(num_classes, (len(mask), )),
                         masks=mask if soft else (mask > 0.5).float()) for mask in masks]


def stage_of(images=2, kernels=4, size=4, with_classes=True, scale=3.0):
    classes = scale * torch.randn(images, kernels, 3) if with_classes else None
    return Kernels(torch.zeros(images, kernels, 2), scale * torch.randn(
        images, kernels, size, size), classes)


def resized(mask_logits, size=8):
    return [[plain.resize(mask.tolist(), size, size) for mask in image] for image in mask_logits]


def test_mask_cost_is_the_formula():
    logits, masks = 3 * torch.randn(4, 5, 6), torch.rand(3, 5, 6)
    cost = MaskCost(weight=2.0)(InstanceData(masks=logits), InstanceData(masks=masks))
    expected = [[2 * plain.mask_cost(p.tolist(), t.tolist()) for t in masks] for p in logits]
    assert torch.allclose(cost, torch.tensor(expected), atol=1e-6)
    probs = InstanceData(masks=logits.sigmoid())
    assert torch.allclose(MaskCost(2.0, pred_act=False)(probs, InstanceData(masks=masks)), cost)


@pytest.mark.parametrize('with_classes', [True, False], ids=['classes', 'kernel head'])
def test_cost_is_the_papers_up_to_a_constant(with_classes):
    """mmdet's dice cost adds 1 everywhere and has its epsilon elsewhere."""
    stage, target = stage_of(1, with_classes=with_classes), targets_of(3)[0]
    cost = toy_matcher().cost(stage, 0, target)
    masks = resized(stage.mask_logits)[0]
    expected = torch.tensor([[
        4 * (1 + plain.dice_cost(masks[k], mask.tolist())) + plain.mask_cost(
            masks[k], mask.tolist())
        + (2 * plain.focal_cost(stage.cls_logits[0, k].tolist(), label) if with_classes else 0)
        for label, mask in zip(target.labels.tolist(), target.masks)] for k in range(4)])
    assert torch.allclose(cost, expected, atol=1e-3)


@pytest.mark.parametrize('counts', [(0, 3), (0, 0), (6, 5)], ids=str)
def test_matches_are_the_cheapest_pairs(counts):
    """Also with no instance, and with more instances than the 4 kernels."""
    targets = targets_of(*counts)
    stages = [stage_of(with_classes=False), stage_of()]
    matches = toy_matcher().match(stages, targets)
    for stage, images in zip(stages, matches):
        masks = resized(stage.mask_logits)
        for i, (kernels, instances) in enumerate(images):
            classes = None if stage.cls_logits is None else stage.cls_logits[i].tolist()
            assert list(zip(kernels.tolist(), instances.tolist())) == plain.match_stage(
                classes, masks[i], targets[i].labels.tolist(), targets[i].masks.tolist())
            assert len(kernels) == min(4, counts[i])


def test_half_precision_logits_match_as_float32_does():
    stage, targets = stage_of(size=200, scale=60), targets_of(2, 3, size=400)
    low = Kernels(*[value.half() for value in stage[:3]])
    expected = toy_matcher().match([Kernels(*[value.float() for value in low[:3]])], targets)
    with half_autocast():
        matches = toy_matcher().match([low], targets)
        cost = toy_matcher().cost(low, 0, targets[0])
    assert cost.dtype == torch.float32 and cost.isfinite().all()
    for pair, expected_pair in zip(matches[0], expected[0]):
        assert all(torch.equal(a, b) for a, b in zip(pair, expected_pair))


@pytest.mark.parametrize('field, value', [
    ('mask_logits', float('nan')), ('cls_logits', float('inf'))])
def test_non_finite_logits_never_raise(field, value):
    stage = stage_of()
    getattr(stage, field)[0, 1] = value
    assert toy_matcher().cost(stage, 0, targets_of(3)[0]).isfinite().all()
    assert len(toy_matcher().match([stage], targets_of(2, 3))[0]) == 2
