"""SemiBatchSampler: counts, ranks, skipping, and settings that would hang mmdet's sampler."""

import pickle
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmssis.datasets.samplers import SemiBatchSampler, StreamIndex, derive_seed, seeded_rng


def make_sampler(num_labeled=7, num_unlabeled=20, batch_size=4, rank=0, world_size=1, **settings):
    dataset = SimpleNamespace(datasets=[range(num_labeled), range(num_unlabeled)])
    sampler = SemiBatchSampler(
        SimpleNamespace(dataset=dataset, seed=5), batch_size, **settings)
    sampler.rank, sampler.world_size = rank, world_size
    return sampler


def draw(sampler, num_batches):
    """Batches as lists of (index, source, position)."""
    return [[(int(i), i.source, i.position) for i in batch]
            for batch in islice(sampler, num_batches)]


@pytest.mark.parametrize('batch_size, ratio, num_labeled', [
    pytest.param(2, [1, 1], 1, id='smallest'),
    pytest.param(3, [1, 2], 1, id='one_to_two'),
    pytest.param(4, [1, 3], 1, id='one_to_three'),
    pytest.param(5, [1, 4], 1, id='one_to_four'),
    pytest.param(8, [1, 1], 4, id='even'),
    pytest.param(6, [2, 1], 4, id='more_labeled'),
    pytest.param(4, [0.25, 0.75], 1, id='fractions'),
    pytest.param(3, [1, 0], 3, id='labeled_only'),
])
def test_fixed_counts(batch_size, ratio, num_labeled):
    for batch in draw(make_sampler(batch_size=batch_size, source_ratio=ratio), 5):
        sources = [source for _, source, _ in batch]
        assert sources == [0] * num_labeled + [1] * (batch_size - num_labeled)


def test_indices_point_into_their_source_and_epochs_are_complete():
    batches = draw(make_sampler(num_labeled=6, num_unlabeled=10), 15)
    labeled = [i for batch in batches for i, source, _ in batch if source == 0]
    unlabeled = [i for batch in batches for i, source, _ in batch if source == 1]
    for epoch in range(5):
        assert sorted(labeled[6 * epoch:6 * epoch + 6]) == list(range(6))
    for epoch in range(3):
        assert sorted(unlabeled[10 * epoch:10 * epoch + 10]) == list(range(6, 16))
    assert labeled[:6] != labeled[6:12]


def test_burn_in_holds_labeled_images_only_and_starts_unlabeled_at_zero():
    batches = draw(make_sampler(burn_in=3), 5)
    assert [len(batch) for batch in batches] == [2, 2, 2, 4, 4]
    assert [p for _, source, p in batches[3] if source == 1] == [0, 1]


@pytest.mark.parametrize('mode', ['fixed', 'bernoulli'])
@pytest.mark.parametrize('num_skipped', [0, 1, 4, 5, 1030])
def test_skip_equals_drawing(mode, num_skipped):
    settings = dict(mode=mode, burn_in=4, source_ratio=[1, 2])
    whole = draw(make_sampler(**settings), num_skipped + 6)
    resumed = make_sampler(**settings)
    resumed.skip(num_skipped)
    assert draw(resumed, 6) == whole[num_skipped:]


def test_skips_add_up_and_a_new_iterator_starts_at_the_same_place():
    once, twice = make_sampler(), make_sampler()
    once.skip(7)
    twice.skip(3)
    twice.skip(4)
    assert draw(once, 3) == draw(twice, 3) == draw(twice, 3)


@pytest.mark.parametrize('mode', ['fixed', 'bernoulli'])
@pytest.mark.parametrize('num_labeled', [
    pytest.param(1, id='one_image'),
    pytest.param(2, id='fewer_than_ranks'),
    pytest.param(50, id='plenty'),
])
def test_ranks_share_out_one_stream(mode, num_labeled):
    ranks = [draw(make_sampler(num_labeled, rank=r, world_size=3, mode=mode), 6)
             for r in range(3)]
    for batches in zip(*ranks):
        assert len({tuple(s for _, s, _ in batch) for batch in batches}) == 1
    places = [(s, p) for rank in ranks for batch in rank for _, s, p in batch]
    for source in (0, 1):
        positions = sorted(p for s, p in places if s == source)
        assert positions == list(range(len(positions)))


def test_bernoulli_has_both_sources_and_the_right_mean():
    sampler = make_sampler(mode='bernoulli', batch_size=4, source_ratio=[1, 3])
    counts = [sum(s == 0 for _, s, _ in batch) for batch in draw(sampler, 4000)]
    assert min(counts) == 1 and max(counts) == 3
    binomial = [0.75**4 + 4 * 0.25 * 0.75**3, 6 * 0.25**2 * 0.75**2, 4 * 0.25**3 * 0.75 + 0.25**4]
    assert np.mean(counts) == pytest.approx(np.dot(binomial, [1, 2, 3]), abs=0.03)


def test_seed_decides_the_stream():
    assert draw(make_sampler(seed=1), 5) == draw(make_sampler(seed=1), 5)
    assert draw(make_sampler(seed=1), 5) != draw(make_sampler(seed=2), 5)


def test_set_seed_gives_way_to_the_config():
    given, taken = make_sampler(seed=1), make_sampler()
    given.set_seed(9)
    taken.set_seed(9)
    assert (given.seed, taken.seed) == (1, 9)


@pytest.mark.parametrize('settings, message', [
    pytest.param(dict(batch_size=1), 'at least 2', id='batch_size_1'),
    pytest.param(dict(batch_size=1, source_ratio=[1, 4]), 'at least 2', id='batch_size_1_ratio'),
    pytest.param(dict(batch_size=2, source_ratio=[1, 9]), 'no place for labeled', id='no_labeled'),
    pytest.param(dict(batch_size=3, source_ratio=[9, 1]), 'no place for unlabeled',
                 id='no_unlabeled'),
    pytest.param(dict(num_unlabeled=0), 'unlabeled data set .* is empty', id='unlabeled_empty'),
    pytest.param(dict(num_labeled=0), 'labeled data set .* is empty', id='labeled_empty'),
])
def test_gap_2_13_sampler_never_hangs(settings, message):
    with pytest.raises(ValueError, match=message):
        make_sampler(**settings)


def test_gap_2_13_remedy_is_right():
    with pytest.raises(ValueError, match='at least 6'):
        make_sampler(batch_size=2, source_ratio=[1, 9])
    draw(make_sampler(batch_size=6, source_ratio=[1, 9]), 1)


def test_gap_2_14_sources_of_any_shape_mix():
    """mmdet's group sampler loops for ever if a source lacks an orientation; none is used here."""
    portrait, landscape = [dict(height=2, width=1)] * 3, [dict(height=1, width=2)] * 3
    dataset = SimpleNamespace(datasets=[portrait, landscape])
    sampler = SemiBatchSampler(SimpleNamespace(dataset=dataset, seed=0), 2)
    assert [len(batch) for batch in islice(sampler, 10)] == [2] * 10


def test_gap_2_15_length_is_finite():
    assert len(make_sampler(num_labeled=20)) == 10
    assert len(make_sampler(num_labeled=1)) == 1


@pytest.mark.parametrize('settings, message', [
    pytest.param(dict(source_ratio=[1]), 'source_ratio', id='one_ratio'),
    pytest.param(dict(source_ratio=[0, 1]), 'source_ratio', id='no_labeled'),
    pytest.param(dict(source_ratio=[1, -1]), 'source_ratio', id='negative'),
    pytest.param(dict(burn_in=-1), 'burn_in', id='burn_in'),
    pytest.param(dict(burn_in=1.5), 'burn_in', id='burn_in_float'),
    pytest.param(dict(mode='random'), 'mode', id='mode'),
    pytest.param(dict(mode='bernoulli', source_ratio=[1, 0]), 'fixed', id='bernoulli_labeled'),
    pytest.param(dict(seed=-1), 'seed', id='seed'),
])
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        make_sampler(**settings)


def test_one_source_is_refused():
    with pytest.raises(ValueError, match='SemiConcatDataset'):
        SemiBatchSampler(SimpleNamespace(dataset=range(3), seed=0), 2)


def test_negative_skip_is_refused():
    with pytest.raises(ValueError, match='num_batches'):
        make_sampler().skip(-1)


def test_stream_index_survives_pickling():
    index = pickle.loads(pickle.dumps(StreamIndex(3, 17, 1, 5)))
    assert (index, index.position, index.source, index.seed) == (3, 17, 1, 5)
    assert index.sample_seed() == StreamIndex(9, 17, 1, 5).sample_seed()


def test_seeds_of_neighbouring_draws_differ():
    seeds = {derive_seed(s, source, p) for s in range(3) for source in (0, 1) for p in range(50)}
    assert len(seeds) == 300


def test_seeded_rng_repeats_inside_and_restores_outside():
    def draws():
        import random
        return random.random(), np.random.rand(), torch.rand(1).item()

    with seeded_rng(3):
        first = draws()
    state = torch.get_rng_state()
    before = np.random.get_state()[1].copy()
    with pytest.raises(RuntimeError), seeded_rng(3):
        assert draws() == first
        raise RuntimeError
    assert torch.equal(torch.get_rng_state(), state)
    assert (np.random.get_state()[1] == before).all()
