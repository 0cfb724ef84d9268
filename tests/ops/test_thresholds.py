"""Dual and coupled threshold against their naive writing (PL-DC Eq. 5 and Tab. 3)."""

import pytest
import torch
from reference import plain_equations
from toy_ops import random

from mmssis.ops import coupled_threshold, dual_threshold

NAN = float('nan')
RANDOM = random(2, 200).tolist()
SCORES = [
    pytest.param([], [], id='no instance'),
    pytest.param([0.5], [0.5], id='at both thresholds'),
    pytest.param([NAN, 1.0, NAN], [1.0, NAN, NAN], id='nan is not kept'),
    pytest.param(*RANDOM, id='random'),
]


@pytest.mark.parametrize('class_scores, mask_scores', SCORES)
@pytest.mark.parametrize('op, naive, settings', [
    pytest.param(dual_threshold, plain_equations.dual_threshold,
                 [(0.5, 0.5), (0.0, 0.0), (1.0, 1.0), (0.5, 0), (1, 0.25)], id='dual'),
    pytest.param(coupled_threshold, plain_equations.coupled_threshold,
                 [(0.0, ), (0.25, ), (0.5, ), (1, )], id='coupled'),
])
def test_equals_the_naive_writing(op, naive, settings, class_scores, mask_scores):
    for thresholds in settings:
        kept = op(torch.tensor(class_scores), torch.tensor(mask_scores), *thresholds)
        assert kept.dtype == torch.bool
        assert kept.tolist() == naive(class_scores, mask_scores, *thresholds)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float32, torch.float64],
                         ids=str)
@pytest.mark.parametrize('threshold', [0.7, 0.9])
def test_a_score_at_the_threshold_passes_in_every_precision(threshold, dtype):
    score = torch.tensor([threshold], dtype=dtype)
    assert dual_threshold(score, score, threshold, threshold).item()


def test_one_threshold_per_instance():
    scores = torch.tensor([0.6, 0.6, 0.6])
    thresholds = torch.tensor([0.5, 0.6, 0.7])
    assert dual_threshold(scores, scores, thresholds, 0.0).tolist() == [True, True, False]
    assert dual_threshold(scores, scores, 0.0, thresholds).tolist() == [True, True, False]
    assert coupled_threshold(scores, torch.ones(3), thresholds).tolist() == [True, True, False]


ONES = torch.ones(2)


@pytest.mark.parametrize('call, error, message', [
    pytest.param(lambda: dual_threshold(ONES, torch.ones(3), 0.5, 0.5), ValueError,
                 r'class_scores and mask_scores.*\(2,\) and \(3,\)', id='lengths differ'),
    pytest.param(lambda: dual_threshold(ONES, ONES, 1.5, 0.5), ValueError, r'class_thr.*1\.5',
                 id='class_thr above 1'),
    pytest.param(lambda: dual_threshold(ONES, ONES, 0.5, '0.9'), TypeError, "mask_thr.*'0.9'",
                 id='mask_thr text'),
    pytest.param(lambda: dual_threshold(ONES, ONES, torch.ones(1), 0.5), ValueError, 'class_thr',
                 id='thresholds of other length'),
    pytest.param(lambda: coupled_threshold(ONES, ONES, -0.1), ValueError, r'score_thr.*-0\.1',
                 id='score_thr below 0'),
])
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
