"""Aligning weights and divisors against their naive writing (PAIS Eq. 5)."""

import pytest
import torch
from reference import plain_equations
from toy_ops import random

from mmssis.ops import aligning_weights, count_by_kind, divide_by_kind


@pytest.mark.parametrize('scores', [
    pytest.param([], id='no instance'),
    pytest.param([0.35], id='at the threshold'),
    pytest.param([0.0, 1.0], id='bounds'),
    pytest.param(random(100).tolist(), id='random'),
])
def test_aligning_weights(scores):
    for exponent in (0, 1, 4):
        weights = aligning_weights(torch.tensor(scores), exponent).tolist()
        assert weights == pytest.approx(plain_equations.aligning_weights(scores, exponent))


def test_weights_are_constants_of_the_loss():
    scores = torch.tensor([0.5], requires_grad=True)
    assert not aligning_weights(scores, 4).requires_grad


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_does_not_underflow(dtype):
    assert aligning_weights(torch.tensor([0.01], dtype=dtype), 4).item() > 0.9e-8


@pytest.mark.parametrize('scores, exponent, error, message', [
    pytest.param(torch.ones(2, 2), 4, ValueError, 'scores', id='two axes'),
    pytest.param(torch.ones(2), -1, ValueError, 'at least 0, got -1', id='negative'),
    pytest.param(torch.ones(2), '4', TypeError, "'4'", id='text'),
])
def test_refuses(scores, exponent, error, message):
    with pytest.raises(error, match=message):
        aligning_weights(scores, exponent)


@pytest.mark.parametrize('weights, positive, counts, divided', [
    pytest.param([0.0625, 0.5, 1, 1], [1, 1, 0, 0], [2, 2], [0.03125, 0.25, 0.5, 0.5], id='both'),
    pytest.param([0.5, 0.5, 0], [0, 0, 0], [0, 2], [0.25, 0.25, 0], id='no positive, one ignored'),
    pytest.param([0, 0.75], [1, 1], [2, 0], [0, 0.375], id='no negative, a positive of weight 0'),
    pytest.param([], [], [0, 0], [], id='nothing'),
])
def test_positives_by_their_number_and_negatives_by_theirs(weights, positive, counts, divided):
    losses = random(len(weights), seed=1)
    expected = plain_equations.sum_by_kind(losses.tolist(), weights, positive)
    weights, positive = torch.tensor(weights).float(), torch.tensor(positive).bool()
    found = count_by_kind(weights, positive)
    assert found.tolist() == counts
    weights = divide_by_kind(weights, positive, found)
    assert weights.tolist() == pytest.approx(divided)
    assert (weights * losses).sum().item() == pytest.approx(expected)


def test_counts_of_other_ranks_are_at_least_one():
    divided = divide_by_kind(torch.ones(2), torch.tensor([True, False]), torch.tensor([0.5, 4.0]))
    assert divided.tolist() == [1.0, 0.25]
