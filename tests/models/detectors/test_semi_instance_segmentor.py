"""The training step: burn-in, pseudo labels, joint forward, views, weights."""

import math

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from toy import semi_batch, toy_detector, toy_model


def build(ready=True, **settings):
    """A detector in training mode whose teacher equals its student."""
    model = MODELS.build(toy_model(**settings)).train()
    model.teacher.load_state_dict(model.student.state_dict())
    model.teacher_ready = ready
    return model


def test_burn_in_learns_from_labels_only(clock):
    clock(0, 10)
    losses = build(burn_in=5, ready=False).loss(**semi_batch(burn_in=True))
    assert losses and all(name.startswith('sup_') for name in losses)


def test_after_burn_in_both_kinds_of_losses(clock):
    clock(5, 10)
    losses = build(burn_in=5).loss(**semi_batch())
    assert {name.split('_')[0] for name in losses} == {'sup', 'unsup'}
    assert all(torch.isfinite(value) for value in losses.values())


@pytest.mark.parametrize('iteration, progress, burn_in', [
    pytest.param(0, 0.0, True, id='start'),
    pytest.param(19, 0.0, True, id='last step of burn-in'),
    pytest.param(20, 0.0, False, id='first semi-supervised step'),
    pytest.param(60, 0.5, False, id='middle'),
    pytest.param(100, 1.0, False, id='end'),
])
def test_progress_counts_from_the_end_of_burn_in(clock, iteration, progress, burn_in):
    clock(iteration, 100)
    model = build(burn_in=20)
    assert math.isclose(model.progress, progress) and model.in_burn_in is burn_in


@pytest.mark.parametrize('iteration, scale', [
    pytest.param(20, 0.0, id='ramp starts'), pytest.param(25, 1.0, id='half of lambda 2'),
    pytest.param(30, 2.0, id='full'), pytest.param(90, 2.0, id='stays full')])
def test_unsupervised_weight_ramps_up(clock, iteration, scale):
    clock(iteration, 100)
    batch = semi_batch()['multi_batch_data_samples']
    samples = batch['sup']
    model = build(burn_in=20, ramp_up=10, unsup_weight=2.0)
    assert math.isclose(model.unsup_scale(type('B', (), dict(data_samples=samples))), scale)


def test_no_pseudo_label_weighs_nothing_but_keeps_the_graph(clock):
    clock(0, 10)
    model = build(hooks=[dict(type='ClassThresholdFilter', class_thr=1.0)])
    losses = model.loss(**semi_batch())
    unsup = [value for name, value in losses.items() if name.startswith('unsup_')]
    assert unsup and all(value == 0 and value.requires_grad for value in unsup)


def test_gap_2_28_weight_zero_does_not_hide_a_nan(clock):
    clock(0, 10)
    model = build(hooks=[dict(type='ClassThresholdFilter', class_thr=1.0)])
    batch = semi_batch()
    batch['multi_batch_inputs']['unsup_student'][:] = float('nan')
    losses = model.loss(**batch)
    assert any(torch.isnan(value) for name, value in losses.items() if name.startswith('unsup_'))


def test_joint_forward_equals_two_forwards(clock):
    """PLDC's one forward gives the losses of the base's two, up to the random points."""
    clock(0, 10)
    torch.manual_seed(3)
    joint = build()
    twofold = build(type='SemiInstanceSegmentor')
    twofold.load_state_dict(joint.state_dict())
    # Batch norm in training mode would see other batches; random points would differ.
    joint.student.backbone.eval(), twofold.student.backbone.eval()
    batch = semi_batch()
    for model in (joint, twofold):
        model.student.panoptic_head.num_points = 40000
        model.student.panoptic_head.importance_sample_ratio = 0.0
    first = joint.loss(**batch)
    batch['multi_batch_data_samples'].update(semi_batch()['multi_batch_data_samples'])
    second = twofold.loss(**batch)
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert value.item() == pytest.approx(second[name].item(), rel=0.02), name


def test_teacher_has_no_gradient_and_stays_in_eval_mode(clock):
    """Gap 2.21: the Runner calls ``train()`` every iteration."""
    clock(0, 10)
    model = build().train()
    assert not model.teacher.training and model.student.training
    sum(model.loss(**semi_batch()).values()).backward()
    assert all(p.grad is None for p in model.teacher.parameters())
    assert any(p.grad is not None for p in model.student.parameters())


def test_missing_ema_hook_is_named(clock):
    clock(0, 10)
    with pytest.raises(RuntimeError, match='TeacherEMAHook'):
        build(ready=False).loss(**semi_batch())


def test_gap_2_3_masks_follow_a_flip_between_views(clock):
    """mmdet projects boxes only; here masks, boxes and pixel weights move together."""
    clock(0, 10)
    model = build()
    batch = semi_batch(num=1)
    weak, strong = (batch['multi_batch_data_samples'][name][0]
                    for name in ('unsup_teacher', 'unsup_student'))
    strong.set_metainfo(dict(homography_matrix=np.array([[-1., 0, 64], [0, 1, 0], [0, 0, 1]])))
    masks = torch.zeros(1, 64, 64, dtype=torch.bool)
    masks[0, 10:20, 3:9] = True
    weights = torch.rand(1, 16, 16)
    labels = InstanceData(
        metainfo=dict(input_shape=(64, 64)), labels=torch.tensor([1]), masks=masks,
        bboxes=torch.tensor([[3., 10, 9, 20]]), pixel_weights=weights)
    images = batch['multi_batch_inputs']['unsup_student']
    from mmssis.models.detectors.semi_instance_segmentor import Batch
    moved = model.pseudo_labeled_batch(Batch(images, [weak]), Batch(images, [strong]), [labels])
    gt = moved.data_samples[0].gt_instances
    assert torch.equal(gt.masks, masks.flip(-1))
    assert torch.allclose(gt.bboxes, torch.tensor([[55., 10, 61, 20]]))
    assert torch.allclose(gt.pixel_weights, weights.flip(-1), atol=1e-5)


def test_views_without_homography_are_refused(clock):
    clock(0, 10)
    batch = semi_batch()
    for sample in batch['multi_batch_data_samples']['unsup_teacher']:
        sample.set_metainfo(dict(homography_matrix=None))
        del sample.homography_matrix
    with pytest.raises(KeyError, match='meta_keys'):
        build().loss(**batch)


def test_stages_are_named_counted_and_traced(clock):
    clock(0, 10)
    model = build()
    model.keep_trace = True
    model.loss(**semi_batch())
    stages = ['candidates', 'DualThresholdFilter', 'MaskUncertainty']
    assert list(model.trace) == stages
    assert model.pseudo_label_counts['images'] == 2
    assert model.pseudo_label_counts['candidates'] == 12
    assert 'pixel_weights' not in model.trace['DualThresholdFilter'][0]
    model.reset_counts()
    assert not model.pseudo_label_counts


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


@pytest.mark.parametrize('setting, match', [
    pytest.param(dict(predict_on='both'), 'predict_on', id='unknown branch'),
    pytest.param(dict(burn_in=-1), 'burn_in', id='negative burn-in'),
    pytest.param(dict(unsup_weight=-0.1), 'unsup_weight', id='negative weight'),
])
def test_settings_are_checked_at_the_door(setting, match):
    with pytest.raises(ValueError, match=match):
        MODELS.build(toy_model(**setting))


def test_gap_2_31_predicts_with_either_branch(clock):
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
