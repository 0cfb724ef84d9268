"""Dual and coupled threshold against their naive writing (PL-DC Eq. 5 and Tab. 3)."""

import pytest
import torch
from reference import plain_equations

from mmssis.ops import coupled_threshold, dual_threshold

NAN = float('nan')
RANDOM = torch.rand(2, 200, generator=torch.Generator().manual_seed(0)).tolist()
SCORES = [
    pytest.param([], [], id='no instance'),
    pytest.param([0.5], [0.5], id='at both thresholds'),
    pytest.param([0.5, 0.25, 1.0], [0.25, 0.5, 0.0], id='one is good'),
    pytest.param([0.0, 1.0], [0.0, 1.0], id='bounds'),
    pytest.param([NAN, 1.0, NAN], [1.0, NAN, NAN], id='nan is not kept'),
    pytest.param(*RANDOM, id='random'),
]


@pytest.mark.parametrize('thresholds', [(0.5, 0.5), (0.0, 0.0), (1.0, 1.0), (0.5, 0), (1, 0.25)],
                         ids=str)
@pytest.mark.parametrize('class_scores, mask_scores', SCORES)
def test_dual_threshold(class_scores, mask_scores, thresholds):
    kept = dual_threshold(torch.tensor(class_scores), torch.tensor(mask_scores), *thresholds)
    assert kept.dtype == torch.bool
    assert kept.tolist() == plain_equations.dual_threshold(class_scores, mask_scores, *thresholds)


@pytest.mark.parametrize('score_thr', [0.0, 0.25, 0.5, 1], ids=str)
@pytest.mark.parametrize('class_scores, mask_scores', SCORES)
def test_coupled_threshold(class_scores, mask_scores, score_thr):
    kept = coupled_threshold(torch.tensor(class_scores), torch.tensor(mask_scores), score_thr)
    assert kept.dtype == torch.bool
    assert kept.tolist() == plain_equations.coupled_threshold(class_scores, mask_scores, score_thr)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float32, torch.float64],
                         ids=str)
@pytest.mark.parametrize('threshold', [0.7, 0.85, 0.9])
def test_a_score_at_the_threshold_passes_in_every_precision(threshold, dtype):
    score = torch.tensor([threshold], dtype=dtype)
    assert dual_threshold(score, score, threshold, threshold).item()


def test_one_threshold_per_instance():
    scores = torch.tensor([0.6, 0.6, 0.6])
    thresholds = torch.tensor([0.5, 0.6, 0.7])
    assert dual_threshold(scores, scores, thresholds, 0.0).tolist() == [True, True, False]
    assert dual_threshold(scores, scores, 0.0, thresholds).tolist() == [True, True, False]
    assert coupled_threshold(scores, torch.ones(3), thresholds).tolist() == [True, True, False]


def test_the_dual_threshold_is_not_the_coupled_one():
    """PL-DC section 3.1: 0.72 is 0.8 x 0.9 as well as 0.96 x 0.75."""
    classes, masks = torch.tensor([0.9, 0.75]), torch.tensor([0.8, 0.96])
    assert coupled_threshold(classes, masks, 0.7).tolist() == [True, True]
    assert dual_threshold(classes, masks, 0.85, 0.75).tolist() == [True, False]


ONES = torch.ones(2)


@pytest.mark.parametrize('call, error, message', [
    pytest.param(lambda: dual_threshold(ONES, torch.ones(3), 0.5, 0.5), ValueError,
                 r'class_scores and mask_scores.*\(2,\) and \(3,\)', id='lengths differ'),
    pytest.param(lambda: dual_threshold(torch.ones(2, 2), ONES, 0.5, 0.5), ValueError,
                 'class_scores', id='two axes'),
    pytest.param(lambda: dual_threshold(ONES, ONES, 1.5, 0.5), ValueError, r'class_thr.*1\.5',
                 id='class_thr above 1'),
    pytest.param(lambda: dual_threshold(ONES, ONES, 0.5, NAN), ValueError, 'mask_thr.*nan',
                 id='mask_thr nan'),
    pytest.param(lambda: dual_threshold(ONES, ONES, 0.5, '0.9'), TypeError, "mask_thr.*'0.9'",
                 id='mask_thr text'),
    pytest.param(lambda: dual_threshold(ONES, ONES, torch.ones(1), 0.5), ValueError, 'class_thr',
                 id='thresholds of other length'),
    pytest.param(lambda: coupled_threshold(ONES, ONES, -0.1), ValueError, r'score_thr.*-0\.1',
                 id='score_thr below 0'),
    pytest.param(lambda: coupled_threshold(ONES, torch.ones(1), 0.5), ValueError, 'same shape',
                 id='coupled lengths differ'),
])
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
