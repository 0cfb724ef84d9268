"""Channel ranks, overlaps and weights against loops (Weighting Pseudo-Labels section 3.4)."""

import pytest
import torch
from reference import plain_equations, rank_equations

from mmssis.ops import channel_ranks, rank_overlap, rank_overlap_map, rank_weights

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


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize('values', [
    pytest.param(RANDOM[0], id='random'),
    pytest.param((RANDOM[0] * 3).round(), id='ties'),
    pytest.param(torch.zeros(2, 12), id='all equal'),
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


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize('missing', [1.0, 0.0])
@pytest.mark.parametrize('features, classes, prototypes', [
    pytest.param(RANDOM[0].T.reshape(12, 5, 8), CLASSES, RANDOM[1][:4], id='all active'),
    pytest.param(SPARSE, CLASSES, PROTOTYPES, id='fewer than k active, an empty prototype'),
    pytest.param((SPARSE * 3).round(), CLASSES, (PROTOTYPES * 3).round(), id='ties'),
    pytest.param(SPARSE - 0.5, CLASSES, PROTOTYPES - 0.5, id='signed'),
    pytest.param(SPARSE, CLASSES, torch.zeros(3, 12), id='no prototype yet'),
    pytest.param(torch.zeros(12, 5, 8), CLASSES, PROTOTYPES, id='dead features'),
    pytest.param(SPARSE, CLASSES * 0 - 1, PROTOTYPES, id='an empty mask'),
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


def test_the_map_is_the_rank_overlap_where_k_channels_are_active():
    classes, prototypes = CLASSES.clamp(min=0), RANDOM[1][:4] + 0.1
    found = rank_overlap_map(RANDOM[0].T.reshape(12, 5, 8) + 0.1, classes, prototypes)
    assert torch.equal(found.flatten(),
                       rank_overlap(RANDOM[0] + 0.1, prototypes[classes.flatten()]))


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


@pytest.mark.parametrize('features, classes, prototypes, message', [
    pytest.param(SPARSE[None], CLASSES, PROTOTYPES, 'D h w', id='a batch'),
    pytest.param(SPARSE, CLASSES[0], PROTOTYPES, 'h w', id='a row of classes'),
    pytest.param(SPARSE, CLASSES.T, PROTOTYPES, r'\(5, 8\).*\(8, 5\)', id='another grid'),
    pytest.param(SPARSE, CLASSES, PROTOTYPES[:, :7], r'\(K, 12\).*\(3, 7\)', id='channels'),
    pytest.param(SPARSE, CLASSES, PROTOTYPES[:0], r'\(K, 12\).*\(0, 12\)', id='no class'),
])
def test_the_map_refuses(features, classes, prototypes, message):
    with pytest.raises(ValueError, match=message):
        rank_overlap_map(features, classes, prototypes)


def test_the_map_refuses_settings():
    with pytest.raises(ValueError, match='missing.*1.5'):
        rank_overlap_map(SPARSE, CLASSES, PROTOTYPES, missing=1.5)
    with pytest.raises(ValueError, match=r'\[1, 12\].*13'):
        rank_overlap_map(SPARSE, CLASSES, PROTOTYPES, 13)


@pytest.mark.parametrize('offset, normalize, expected', [
    pytest.param(0, True, [0, 0.4, 1], id='Eq. 6'),
    pytest.param(1, False, [1, 1.4, 2], id='released'),
    pytest.param(1, True, [0.5, 0.7, 1], id='released, in [0, 1]'),
    pytest.param(0.25, True, [0.2, 0.52, 1], id='a floor of 0.2'),
])
def test_rank_weights(offset, normalize, expected):
    found = rank_weights(torch.tensor([0, 0.4, 1]), offset=offset, normalize=normalize)
    assert found.tolist() == pytest.approx(expected)


def test_normalising_does_not_change_a_loss_divided_by_its_weights():
    overlap, losses = RANDOM[0].flatten(), RANDOM[1].flatten()
    plain, normalized = (rank_weights(overlap, normalize=flag) for flag in (False, True))
    assert ((plain * losses).sum() / plain.sum()).item() == pytest.approx(
        ((normalized * losses).sum() / normalized.sum()).item())


def test_missing_as_0_gives_the_weight_of_the_released_code():
    overlap = rank_overlap_map(SPARSE, CLASSES, torch.zeros(3, 12), missing=0)
    assert (rank_weights(overlap, offset=1, normalize=False) == 1).all()


@pytest.mark.parametrize('offset', [-0.1, float('nan'), float('inf')])
def test_rank_weights_refuse(offset):
    with pytest.raises(ValueError, match='offset.*released'):
        rank_weights(RANDOM, offset=offset)
