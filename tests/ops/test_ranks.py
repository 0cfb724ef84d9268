"""Rank overlap against its naive writing (Weighting Pseudo-Labels section 3.4)."""

import pytest
import torch
from reference import plain_equations

from mmssis.ops import rank_overlap

RANDOM = torch.rand(2, 40, 12, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize('k', [1, 5, 12])
@pytest.mark.parametrize('features, prototypes', [
    pytest.param(*RANDOM, id='random'),
    pytest.param(*(RANDOM * 3).round(), id='ties'),
    pytest.param(RANDOM[0].relu() * (RANDOM[0] > 0.8), RANDOM[1], id='fewer than k active'),
    pytest.param(torch.zeros(2, 12), torch.zeros(2, 12), id='an empty prototype'),
    pytest.param(RANDOM[0][:0], RANDOM[1][:0], id='no feature'),
    pytest.param(-RANDOM[0], RANDOM[1], id='signed: by value, not by size'),
])
def test_rank_overlap(features, prototypes, k):
    found = rank_overlap(features, prototypes, k)
    assert found.tolist() == pytest.approx(
        plain_equations.rank_overlap(features.tolist(), prototypes.tolist(), k))


def test_the_order_inside_the_top_k_does_not_matter():
    features = torch.tensor([[9.0, 8, 7, 0, 0, 0]])
    assert rank_overlap(features, torch.tensor([[7.0, 8, 9, 0, 0, 0]]), 3).item() == 1
    assert rank_overlap(features, torch.tensor([[0.0, 8, 9, 7, 0, 0]]), 3).item() == \
        pytest.approx(2 / 3)


@pytest.mark.parametrize('args, message', [
    pytest.param((RANDOM[0], RANDOM[1][:3]), 'same shape', id='shapes'),
    pytest.param((*RANDOM, 0), r'\[1, 12\].*0', id='k of 0'),
    pytest.param((*RANDOM, 13), r'\[1, 12\].*13', id='k above the channels'),
])
def test_refuses(args, message):
    with pytest.raises(ValueError, match=message):
        rank_overlap(*args)
