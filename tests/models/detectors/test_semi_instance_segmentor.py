"""The training step: burn-in, pseudo labels, joint forward, views, weights."""

import math

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from toy import semi_batch, toy_detector, toy_model

from mmssis.models.detectors.semi_instance_segmentor import Batch
from mmssis.structures import weighs_pixels


def build(iteration=0, max_iters=10, **settings):
    """A detector in training mode whose teacher equals its student."""
    model = MODELS.build(toy_model(**settings)).train()
    model.teacher.load_state_dict(model.student.state_dict())
    model.set_clock(iteration, max_iters)
    return model


def test_burn_in_learns_from_labels_only():
    model = build(4, burn_in=5)
    losses = model.loss(**semi_batch(burn_in=True))
    assert losses and all(name.startswith('sup_') for name in losses)
    model.set_clock(5, 10)
    losses = model.loss(**semi_batch())
    assert {name.split('_')[0] for name in losses} == {'sup', 'unsup'}
    assert all(torch.isfinite(value) for value in losses.values())


def test_progress_and_the_unsupervised_weight_count_from_the_end_of_burn_in():
    model = build(burn_in=20, ramp_up=10, unsup_weight=2.0)
    batch = Batch(None, semi_batch()['multi_batch_data_samples']['sup'])
    for iteration, progress, scale in [
            (20, 0.0, 0.0),  # the first semi-supervised step
            (25, 0.0625, 1.0),  # half of lambda 2
            (30, 0.125, 2.0),  # full
            (100, 1.0, 2.0),  # stays full
    ]:
        model.set_clock(iteration, 100)
        assert not model.in_burn_in and math.isclose(model.progress, progress)
        assert math.isclose(model.unsup_scale(batch), scale)
    model.set_clock(19, 100)
    assert model.in_burn_in and model.progress == 0


def test_no_pseudo_label_weighs_nothing_but_keeps_the_graph():
    model = build(hooks=dict(none=dict(type='ClassThresholdFilter', class_thr=1.0)))
    losses = model.loss(**semi_batch())
    unsup = [value for name, value in losses.items() if name.startswith('unsup_')]
    assert unsup and all(value == 0 and value.requires_grad for value in unsup)


def test_gap_2_28_weight_zero_does_not_hide_a_nan():
    model = build(hooks=dict(none=dict(type='ClassThresholdFilter', class_thr=1.0)))
    batch = semi_batch()
    batch['multi_batch_inputs']['unsup_student'][:] = float('nan')
    losses = model.loss(**batch)
    assert any(torch.isnan(value) for name, value in losses.items() if name.startswith('unsup_'))


def test_joint_forward_equals_two_forwards():
    """One forward for labeled and unlabeled images, up to the random points."""
    torch.manual_seed(3)
    joint, twofold = build(), build(type='SemiInstanceSegmentor')
    twofold.load_state_dict(joint.state_dict())
    twofold._has_joint_forward = lambda labeled, unlabeled: False
    # Batch norm in training mode would see other batches; random points would differ.
    joint.student.backbone.eval(), twofold.student.backbone.eval()
    batch = semi_batch()
    for model in (joint, twofold):
        model.student.panoptic_head.num_points = 10000
        model.student.panoptic_head.importance_sample_ratio = 0.0
    first = joint.loss(**batch)
    batch['multi_batch_data_samples'].update(semi_batch()['multi_batch_data_samples'])
    second = twofold.loss(**batch)
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert value.item() == pytest.approx(second[name].item(), rel=0.04), name


def test_teacher_has_no_gradient_and_stays_in_eval_mode():
    """Gap 2.21: the Runner calls ``train()`` every iteration."""
    model = build().train()
    assert not model.teacher.training and model.student.training
    sum(model.loss(**semi_batch()).values()).backward()
    assert all(p.grad is None for p in model.teacher.parameters())
    assert any(p.grad is not None for p in model.student.parameters())


def test_gap_2_3_masks_follow_a_flip_between_views():
    """mmdet projects boxes only; here masks, boxes and pixel weights move together."""
    model = build()
    batch = semi_batch(num=1)
    weak, strong = (batch['multi_batch_data_samples'][name][0]
                    for name in ('unsup_teacher', 'unsup_student'))
    strong.set_metainfo(dict(homography_matrix=np.array([[-1., 0, 64], [0, 1, 0], [0, 0, 1]])))
    masks = torch.zeros(1, 64, 64, dtype=torch.bool)
    masks[0, 10:20, 3:9] = True
    weights, logits = torch.rand(1, 16, 16), torch.full((1, 16, 16), -1.0)
    logits[0, 2:5, 1:3] = 1.0
    labels = InstanceData(
        metainfo=dict(input_shape=(64, 64)), labels=torch.tensor([1]), masks=masks,
        bboxes=torch.tensor([[3., 10, 9, 20]]), mask_logits=logits, pixel_weights=weights,
        pixel_logits=logits)
    images = batch['multi_batch_inputs']['unsup_student']
    moved = model.pseudo_labeled_batch(Batch(images, [weak]), Batch(images, [strong]), [labels])
    gt = moved.data_samples[0].gt_instances
    assert torch.equal(gt.masks, (logits > 0).flip(-1))
    assert gt.bboxes.tolist() == [[52, 8, 60, 20]]
    assert torch.allclose(gt.pixel_weights, weights.flip(-1), atol=1e-5)
    assert torch.allclose(gt.pixel_logits, logits.flip(-1), atol=1e-5)


def test_watchers_see_every_stage_until_they_leave():
    model, seen, others = build(), [], []
    stop = model.watch(lambda stage, pseudo_labels, context: seen.append(
        (stage, pseudo_labels, context)))
    model.watch(lambda stage, *rest: others.append(stage))
    model.loss(**semi_batch())
    stages = ['candidates', 'ddtf', 'pmua']
    assert [stage for stage, *_ in seen] == others == stages
    assert [len(pseudo_labels) for _, pseudo_labels, _ in seen] == [2] * 3
    assert sum(map(len, seen[0][1])) == 12 and seen[0][2].images.shape == (2, 3, 64, 64)
    assert not weighs_pixels(seen[1][1][0]) and weighs_pixels(seen[2][1][0])
    stop(), stop()
    model.loss(**semi_batch())
    assert len(seen) == 3 and others == stages * 2


def test_gap_2_22_plain_checkpoint_loads_into_both_branches():
    """A key that merely contains 'student' must not change how a checkpoint is read."""
    model = build()
    plain = MODELS.build(toy_detector()).state_dict()
    missing, unexpected = model.load_state_dict({**plain, 'student_proj.weight': torch.ones(1)},
                                                strict=False)
    assert not missing
    assert sorted(unexpected) == ['student.student_proj.weight', 'teacher.student_proj.weight']
    name = 'panoptic_head.query_feat.weight'
    assert torch.equal(model.student.state_dict()[name], plain[name])
    assert torch.equal(model.teacher.state_dict()[name], plain[name])


def test_settings_are_checked_at_the_door():
    for setting, match in [
            (dict(predict_on='both'), 'predict_on'),  # unknown branch
            (dict(burn_in=-1), 'burn_in'),  # negative burn-in
            (dict(unsup_weight=-0.1), 'unsup_weight'),  # negative weight
    ]:
        with pytest.raises(ValueError, match=match):
            MODELS.build(toy_model(**setting))


def test_gap_2_31_predicts_with_either_branch():
    model = build().eval()
    with torch.no_grad():
        model.teacher.panoptic_head.cls_embed.bias[0] = 50.0
    sample = semi_batch(num=1)['multi_batch_data_samples']['sup']
    sample[0].set_metainfo(dict(scale_factor=(1.0, 1.0)))
    images = torch.randn(1, 3, 64, 64)
    scores = {}
    for branch in ('teacher', 'student'):
        model.predict_on = branch
        scores[branch] = model.predict(images, sample)[0].pred_instances.scores.max().item()
    assert scores['teacher'] != scores['student']
