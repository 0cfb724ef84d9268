"""Category correction against its naive writing (PL-DC Eq. 7 to 9), and what it cannot change."""

import math

import pytest
import torch
from reference import plain_equations
from toy_ops import normal

from mmssis.ops import (correction_can_change, fuse_class_probs, fusion_weight, joint_class_probs,
                        sigmoid_class_probs)

# Margins at which the answer may be either, since fusion rounds: see correction_can_change.
TIE = 1e-4


def distributions(num, num_classes, seed=0, sharpness=3.0):
    return (sharpness * normal(num, num_classes, seed=seed)).softmax(-1)


def test_fusion_weight_falls_from_a_half_to_zero():
    weights = [fusion_weight(i / 100) for i in range(101)]
    assert weights == pytest.approx([plain_equations.fusion_weight(i / 100) for i in range(101)])
    assert weights[0] == 0.5 and weights[50] == pytest.approx(0.25) and weights[100] == 0
    assert all(earlier > later for earlier, later in zip(weights, weights[1:]))


@pytest.mark.parametrize('weight', [0, 0.25, 1.0])
@pytest.mark.parametrize('teacher, clip', [
    pytest.param(torch.ones(2, 1), torch.ones(2, 1), id='one class'),
    pytest.param(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]), id='opposite'),
    pytest.param(torch.full((1, 4), 0.25), torch.full((1, 4), 0.25), id='tie of all'),
    pytest.param(torch.tensor([[0.0, 0.5, 0.5]]), torch.tensor([[0.0, 0.5, 0.5]]),
                 id='tie of the later two'),
    pytest.param(distributions(20, 5, 1), distributions(20, 5, 2), id='random'),
    pytest.param(distributions(20, 5, 3).half(), distributions(20, 5, 4), id='half and single'),
])
def test_fuse_class_probs(teacher, clip, weight):
    labels, probs = fuse_class_probs(teacher, clip, weight)
    expected_labels, expected_probs = plain_equations.fuse_class_probs(
        teacher.tolist(), clip.tolist(), weight)
    assert labels.tolist() == expected_labels and labels.dtype == torch.long
    assert probs.flatten().tolist() == pytest.approx(sum(expected_probs, []), abs=1e-6)
    assert probs.shape == teacher.shape and probs.dtype == torch.float32


@pytest.mark.parametrize('teacher, clip, expected', [
    # .6 x .1 and .4 x .9 are 6 : 36.
    pytest.param([[0.6, 0.4]], [[0.1, 0.9]], [[1 / 7, 6 / 7]], id='clip turns the label'),
    pytest.param([[0.5, 0.3, 0.2]], [[1 / 3] * 3], [[0.5, 0.3, 0.2]], id='clip has no opinion'),
    pytest.param([[1.0, 0.0]], [[0.0, 1.0]], [[1.0, 0.0]], id='nothing in common'),
    pytest.param([[1.0]], [[1.0]], [[1.0]], id='one class'),
    pytest.param([[1e-30, 1 - 1e-30]], [[1.0, 1e-20]], [[1e-10, 1.0]], id='they underflow'),
    pytest.param(*[distributions(20, 5, seed).tolist() for seed in (1, 2)], None, id='random'),
])
def test_joint_class_probs(teacher, clip, expected):
    labels, probs = joint_class_probs(torch.tensor(teacher), torch.tensor(clip))
    reference_labels, reference_probs = plain_equations.joint_class_probs(teacher, clip)
    assert labels.tolist() == reference_labels and labels.dtype == torch.long
    for rows in filter(None, (expected, reference_probs)):
        assert probs.flatten().tolist() == pytest.approx(sum(rows, []), abs=1e-6)


def test_joint_class_probs_of_no_instance_and_half_precision():
    labels, probs = joint_class_probs(torch.zeros(0, 3).half(), torch.zeros(0, 3))
    assert labels.shape == (0, ) and probs.shape == (0, 3) and probs.dtype == torch.float32


@pytest.mark.parametrize('logits, expected', [
    # Sigmoids 1/2 and 3/4 are 2 : 3.
    pytest.param([[0.0, math.log(3)]], [[0.4, 0.6]], id='by hand'),
    # Both sigmoids are 0 in float32; their ratio is that of a softmax, e : 1.
    pytest.param([[-199.0, -200.0]], [[0.731059, 0.268941]], id='all small'),
    pytest.param([[90.0, 100.0, -90.0]], [[0.5, 0.5, 0.0]], id='sure of two'),
    pytest.param((9 * normal(20, 5, seed=1)).tolist(), None, id='random'),
])
def test_sigmoid_class_probs(logits, expected):
    expected = expected or plain_equations.sigmoid_class_probs(logits)
    probs = sigmoid_class_probs(torch.tensor(logits))
    assert probs.flatten().tolist() == pytest.approx(sum(expected, []), abs=1e-5)


PROBS = torch.full((2, 2), 0.5)


@pytest.mark.parametrize('call, error, message', [
    pytest.param(lambda: fuse_class_probs(PROBS, torch.ones(2, 3), 0.5), ValueError,
                 r'\(2, 2\) and \(2, 3\)', id='other classes'),
    pytest.param(lambda: joint_class_probs(PROBS, torch.ones(2, 3)), ValueError,
                 r'\(2, 2\) and \(2, 3\)', id='joint, other classes'),
    pytest.param(lambda: sigmoid_class_probs(PROBS[0]), ValueError, 'class_logits',
                 id='sigmoids, one row'),
    pytest.param(lambda: fusion_weight(1.01), ValueError, 'progress', id='after the end'),
    pytest.param(lambda: fusion_weight(None), TypeError, 'progress', id='no progress'),
    pytest.param(lambda: fuse_class_probs(PROBS[0], PROBS[0], 0.5), ValueError, 'teacher_probs',
                 id='one row'),
    pytest.param(lambda: fuse_class_probs(PROBS[:, :0], PROBS[:, :0], 0.5), ValueError,
                 'at least one class', id='no class'),
    pytest.param(lambda: correction_can_change(PROBS, -0.1), ValueError, r'weight.*-0\.1',
                 id='weight below 0'),
])
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize('teacher, weight, expected', [
    pytest.param(torch.zeros(0, 3), 0.5, [], id='no instance'),
    pytest.param(torch.ones(3, 1), 0.5, [False] * 3, id='one class'),
    pytest.param(torch.full((1, 3), 1 / 3), 0.0, [False], id='weight 0 even at a tie'),
    pytest.param(torch.tensor([[1.0, 0.0]]), 0.5, [True], id='one-hot at a half is a tie'),
    pytest.param(torch.tensor([[0.85, 0.15]]), 0.41, [False], id='paper threshold, late'),
    pytest.param(torch.tensor([[0.85, 0.15]]), 0.413, [True], id='paper threshold, early'),
    pytest.param(torch.tensor([[float('nan'), 0.5]]), 0.1, [True], id='nan'),
])
def test_correction_can_change(teacher, weight, expected):
    can_change = correction_can_change(teacher, weight)
    assert can_change.tolist() == expected and can_change.dtype == torch.bool


@pytest.mark.parametrize('weight', [0.0, 0.01, 0.3, 0.499, 0.5])
def test_no_clip_answer_changes_what_cannot_change(weight):
    """CLIP is sure of any class; rows lie close to where it can change them, and far from it."""
    teacher = torch.cat([distributions(300, 5, 0, 0.5), distributions(300, 5, 1, 5.0),
                         torch.zeros(101, 5)])
    margins = (weight / (1 - weight) + torch.linspace(-5e-5, 5e-5, 101)).clamp(0, 1)
    teacher[-101:, 4], teacher[-101:, 0] = (1 + margins) / 2, (1 - margins) / 2
    can_change = correction_can_change(teacher, weight)
    for clip in torch.cat([torch.eye(5), 0.8 * torch.eye(5) + 0.04]):
        labels, _ = fuse_class_probs(teacher, clip.expand(len(teacher), -1), weight)
        assert not (labels != teacher.argmax(-1))[~can_change].any()


@pytest.mark.parametrize('weight', [0.01, 0.25, 0.5])
def test_what_can_change_does_for_some_clip_answer(weight):
    """Tight but for ties: otherwise CLIP would run where it is of no use."""
    teacher = torch.cat([distributions(200, 5, seed, sharpness)
                         for seed, sharpness in enumerate([0.5, 2.0, 5.0])])
    best, second = teacher.topk(2).values.unbind(-1)
    tie = ((1 - weight) * (best - second) - weight).abs() < TIE
    assert tie.float().mean() < 0.05
    can_change = correction_can_change(teacher, weight)
    expected = torch.tensor(plain_equations.correction_can_change(teacher.tolist(), weight))
    assert torch.equal(can_change[~tie], expected[~tie])
    # At a weight of a half any row but a one-hot one can change.
    assert can_change[~tie].any() and (weight == 0.5 or not can_change[~tie].all())
