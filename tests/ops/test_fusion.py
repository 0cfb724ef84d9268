"""Category correction against its naive writing (PL-DC Eq. 7 to 9), and what it cannot change."""

import pytest
import torch
from reference import plain_equations

from mmssis.ops import correction_can_change, fuse_class_probs, fusion_weight

# Margins at which the answer may be either, since fusion rounds: see correction_can_change.
TIE = 1e-4


def distributions(num, num_classes, seed=0, sharpness=3.0):
    generator = torch.Generator().manual_seed(seed)
    return (sharpness * torch.randn(num, num_classes, generator=generator)).softmax(-1)


@pytest.mark.parametrize('progress', [0, 0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1], ids=str)
def test_fusion_weight(progress):
    assert fusion_weight(progress) == pytest.approx(plain_equations.fusion_weight(progress))


def test_fusion_weight_falls_from_a_half_to_zero():
    weights = [fusion_weight(i / 100) for i in range(101)]
    assert weights[0] == 0.5 and weights[50] == pytest.approx(0.25) and weights[100] == 0
    assert all(earlier > later for earlier, later in zip(weights, weights[1:]))


@pytest.mark.parametrize('progress, error', [
    (-0.01, ValueError), (1.01, ValueError), (float('nan'), ValueError), ('0.5', TypeError),
    (None, TypeError)], ids=str)
def test_fusion_weight_refuses(progress, error):
    with pytest.raises(error, match='progress'):
        fusion_weight(progress)


@pytest.mark.parametrize('weight', [0, 0.0, 0.25, 0.5, 1.0], ids=str)
@pytest.mark.parametrize('teacher, clip', [
    pytest.param(torch.zeros(0, 3), torch.zeros(0, 3), id='no instance'),
    pytest.param(torch.ones(2, 1), torch.ones(2, 1), id='one class'),
    pytest.param(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]), id='opposite'),
    pytest.param(torch.full((1, 4), 0.25), torch.full((1, 4), 0.25), id='tie of all'),
    pytest.param(torch.tensor([[0.0, 0.5, 0.5]]), torch.tensor([[0.0, 0.5, 0.5]]),
                 id='tie of the later two'),
    pytest.param(distributions(20, 5, 1), distributions(20, 5, 2), id='random'),
    pytest.param(distributions(20, 5, 3).half(), distributions(20, 5, 4), id='half and single'),
    pytest.param(distributions(20, 5, 5).half(), distributions(20, 5, 6).half(), id='half'),
])
def test_fuse_class_probs(teacher, clip, weight):
    labels, probs = fuse_class_probs(teacher, clip, weight)
    expected_labels, expected_probs = plain_equations.fuse_class_probs(
        teacher.tolist(), clip.tolist(), weight)
    assert labels.tolist() == expected_labels and labels.dtype == torch.long
    assert probs.flatten().tolist() == pytest.approx(sum(expected_probs, []), abs=1e-6)
    assert probs.shape == teacher.shape and probs.dtype == torch.float32


PROBS = torch.full((2, 2), 0.5)


@pytest.mark.parametrize('call, error, message', [
    pytest.param(lambda: fuse_class_probs(PROBS, torch.ones(2, 3), 0.5), ValueError,
                 r'\(2, 2\) and \(2, 3\)', id='other classes'),
    pytest.param(lambda: fuse_class_probs(PROBS, PROBS, 1.1), ValueError, r'weight.*1\.1',
                 id='weight above 1'),
    pytest.param(lambda: fuse_class_probs(PROBS, PROBS, None), TypeError, 'weight.*None',
                 id='weight none'),
    pytest.param(lambda: fuse_class_probs(PROBS[0], PROBS[0], 0.5), ValueError, 'teacher_probs',
                 id='one row'),
    pytest.param(lambda: fuse_class_probs(PROBS[:, :0], PROBS[:, :0], 0.5), ValueError,
                 'at least one class', id='no class'),
    pytest.param(lambda: correction_can_change(PROBS[:, :0], 0.5), ValueError,
                 'at least one class', id='nothing to change'),
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
    pytest.param(torch.tensor([[1.0, 0.0]]), 1.0, [True], id='weight 1'),
    pytest.param(torch.tensor([[1.0, 0.0]]), 0.5, [True], id='one-hot at a half is a tie'),
    pytest.param(torch.tensor([[0.999, 0.001]]), 0.5, [True], id='below one-hot at a half'),
    pytest.param(torch.tensor([[0.85, 0.15]]), 0.41, [False], id='paper threshold, late'),
    pytest.param(torch.tensor([[0.85, 0.15]]), 0.413, [True], id='paper threshold, early'),
    pytest.param(torch.tensor([[float('nan'), 0.5]]), 0.1, [True], id='nan'),
    pytest.param(torch.tensor([[0.85, 0.15]]).half(), 0.41, [False], id='half precision'),
])
def test_correction_can_change(teacher, weight, expected):
    can_change = correction_can_change(teacher, weight)
    assert can_change.tolist() == expected and can_change.dtype == torch.bool


def teachers(num_classes, weight):
    """Flat, medium and sharp rows, and rows of two classes close to where CLIP can change them."""
    rows = [distributions(300, num_classes, seed, sharpness)
            for seed, sharpness in enumerate([0.5, 2.0, 5.0])]
    if num_classes > 1 and weight < 0.5:
        margins = (weight / (1 - weight) + torch.linspace(-5e-5, 5e-5, 101)).clamp(0, 1)
        rows.append(torch.zeros(101, num_classes))
        rows[-1][:, -1], rows[-1][:, 0] = (1 + margins) / 2, (1 - margins) / 2
    return torch.cat(rows)


def clip_answers(num, num_classes):
    """CLIP distributions that try to change the label: one-hot, all but one-hot, random."""
    for target in torch.eye(num_classes):
        yield target.expand(num, -1)
        yield (10 * target).softmax(-1).expand(num, -1)
    for seed in range(20):
        yield distributions(num, num_classes, seed, sharpness=2.0 ** (seed % 6))


@pytest.mark.parametrize('weight', [0.0, 0.01, 0.1, 0.25, 0.41, 0.45, 0.499, 0.5, 0.9, 1.0])
@pytest.mark.parametrize('num_classes', [1, 2, 3, 8])
def test_no_clip_answer_changes_what_cannot_change(num_classes, weight):
    teacher = teachers(num_classes, weight)
    can_change = correction_can_change(teacher, weight)
    before = teacher.argmax(-1)
    for clip in clip_answers(len(teacher), num_classes):
        after, _ = fuse_class_probs(teacher, clip, weight)
        assert not (after != before)[~can_change].any()


@pytest.mark.parametrize('weight', [0.01, 0.1, 0.25, 0.41, 0.45, 0.5])
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


def test_skipping_what_cannot_change_gives_the_same_labels():
    """Rows right at the margin, where rounding decides: True there, so CLIP is asked."""
    weight = 0.3
    margins = weight / (1 - weight) + torch.linspace(-1e-6, 1e-6, 201)
    teacher = torch.stack([(1 + margins) / 2, (1 - margins) / 2], dim=-1)
    assert correction_can_change(teacher, weight).all()


@pytest.mark.parametrize('class_thr, share', [(0.85, 0.276), (0.7, 0.454)])
def test_correction_ends_long_before_training_does(class_thr, share):
    """A survivor of class_thr can change only in the first part of the schedule."""
    teacher = torch.tensor([[class_thr, 1 - class_thr]])
    assert correction_can_change(teacher, fusion_weight(share - 0.005)).item()
    assert not correction_can_change(teacher, fusion_weight(share + 0.005)).item()
