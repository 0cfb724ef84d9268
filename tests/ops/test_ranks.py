"""Channel ranks, overlaps and weights against loops (Weighting Pseudo-Labels section 3.4)."""

import pytest
import torch
from reference import plain_equations, rank_equations
from toy_ops import random

from mmssis.ops import channel_ranks, rank_overlap, rank_overlap_map, rank_weights

RANDOM = random(2, 40, 12)


@pytest.mark.parametrize('features, prototypes', [
    pytest.param(*RANDOM, id='random'),
    pytest.param(*(RANDOM * 3).round(), id='ties'),
    pytest.param(RANDOM[0].relu() * (RANDOM[0] > 0.8), RANDOM[1], id='fewer than k active'),
    pytest.param(torch.zeros(2, 12), torch.zeros(2, 12), id='an empty prototype'),
    pytest.param(RANDOM[0][:0], RANDOM[1][:0], id='no feature'),
    pytest.param(-RANDOM[0], RANDOM[1], id='signed: by value, not by size'),
])
def test_rank_overlap(features, prototypes):
    for k in (1, 5, 12):
        expected = plain_equations.rank_overlap(features.tolist(), prototypes.tolist(), k)
        assert rank_overlap(features, prototypes, k).tolist() == pytest.approx(expected)


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize('values', [
    pytest.param(RANDOM[0], id='random'),
    pytest.param((RANDOM[0] * 3).round(), id='ties'),
    pytest.param(-RANDOM[0], id='negative'),
    pytest.param(RANDOM[0][:0], id='no feature'),
])
def test_channel_ranks(values, dtype):
    values = values.to(dtype)
    before = values.clone()
    for k in (1, 5, 12):
        assert channel_ranks(values, k).tolist() == [
            rank_equations.channel_ranks(row, k) for row in values.tolist()]
    assert torch.equal(values, before)


SPARSE = RANDOM[0].T.reshape(12, 5, 8) * (RANDOM[1].T.reshape(12, 5, 8) > 0.7)
PROTOTYPES = torch.stack([RANDOM[1][0], RANDOM[1][1] * (RANDOM[1][1] > 0.8), torch.zeros(12)])
CLASSES = torch.arange(40).reshape(5, 8) % 5 - 1


@pytest.mark.parametrize('missing, dtype', [
    (1.0, torch.float32), (0.0, torch.float32), (1.0, torch.bfloat16)])
@pytest.mark.parametrize('features, classes, prototypes', [
    pytest.param(RANDOM[0].T.reshape(12, 5, 8), CLASSES, RANDOM[1][:4], id='all active'),
    pytest.param(SPARSE, CLASSES, PROTOTYPES, id='fewer than k active, an empty prototype'),
    pytest.param((SPARSE * 3).round(), CLASSES, (PROTOTYPES * 3).round(), id='ties'),
    pytest.param(SPARSE - 0.5, CLASSES, PROTOTYPES - 0.5, id='signed'),
    pytest.param(torch.zeros(12, 5, 8), CLASSES, PROTOTYPES, id='dead features'),
    pytest.param(SPARSE[:, :0], CLASSES[:0], PROTOTYPES, id='no pixel'),
])
def test_rank_overlap_map(features, classes, prototypes, missing, dtype):
    features, prototypes = features.to(dtype), prototypes.to(dtype)
    for k in (1, 5, 12):
        found = rank_overlap_map(features, classes, prototypes, k, missing=missing)
        expected = rank_equations.rank_overlap_map(
            features.tolist(), classes.tolist(), prototypes.tolist(), k, missing)
        assert found.shape == classes.shape and found.dtype == torch.float32
        assert found.flatten().tolist() == pytest.approx(sum(expected, []))


def test_masks_that_overlap_are_compared_each_with_its_class():
    masks = torch.stack([CLASSES > 0, CLASSES < 3, CLASSES > 9])
    classes = torch.where(masks, torch.tensor([1, 0, 2])[:, None, None], -1)
    found = rank_overlap_map(SPARSE, classes, PROTOTYPES)
    assert torch.equal(found, torch.stack(
        [rank_overlap_map(SPARSE, one, PROTOTYPES) for one in classes]))
    assert rank_overlap_map(SPARSE, classes[:0], PROTOTYPES).shape == (0, 5, 8)


def test_the_map_never_reads_a_value_on_the_host():
    """The meta device has shapes and no values: reading one raises."""
    found = rank_overlap_map(*(value.to('meta') for value in (SPARSE, CLASSES, PROTOTYPES)))
    assert rank_weights(found).shape == CLASSES.shape


@pytest.mark.parametrize('call, message', [
    pytest.param(lambda: rank_overlap(RANDOM[0], RANDOM[1][:3]), 'same shape', id='shapes'),
    pytest.param(lambda: rank_overlap(*RANDOM, 0), r'\[1, 12\].*0', id='k of 0'),
    pytest.param(lambda: rank_overlap(*RANDOM, 13), r'\[1, 12\].*13', id='k above the channels'),
    pytest.param(lambda: rank_overlap_map(SPARSE[None], CLASSES, PROTOTYPES), 'D h w',
                 id='batch'),
    pytest.param(lambda: rank_overlap_map(SPARSE, CLASSES.T, PROTOTYPES), r'\(5, 8\).*\(8, 5\)',
                 id='another grid'),
    pytest.param(lambda: rank_overlap_map(SPARSE, CLASSES, PROTOTYPES[:, :7]),
                 r'\(K, 12\).*\(3, 7\)', id='channels'),
    pytest.param(lambda: rank_overlap_map(SPARSE, CLASSES, PROTOTYPES, missing=1.5),
                 'missing.*1.5', id='missing'),
    pytest.param(lambda: rank_weights(RANDOM, offset=-0.1), 'offset.*released', id='offset'),
])
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize('offset, normalize, expected', [
    pytest.param(0, True, [0, 0.4, 1], id='Eq. 6'),
    pytest.param(1, False, [1, 1.4, 2], id='released'),
    pytest.param(1, True, [0.5, 0.7, 1], id='released, in [0, 1]'),
])
def test_rank_weights(offset, normalize, expected):
    found = rank_weights(torch.tensor([0, 0.4, 1]), offset=offset, normalize=normalize)
    assert found.tolist() == pytest.approx(expected)
