"""SemiBatchSampler: counts, ranks, skipping, and settings that would hang mmdet's sampler."""

import pickle
import random
from itertools import islice
from math import inf
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmssis.datasets.samplers import SemiBatchSampler, StreamIndex, seeded_rng

STREAM = [[(1, 0, 0), (4, 0, 1), (22, 1, 0), (12, 1, 1)],
          [(2, 0, 2), (3, 0, 3), (18, 1, 2), (19, 1, 3)]]


def make_sampler(sizes=None, rank=0, world_size=1, burn_in=0, batch_size=None, **settings):
    """A sampler over sources of given sizes; without counts, two images of each."""
    sizes = sizes or dict(labeled=7, unlabeled=20)
    if not set(settings) & {'labeled', 'boxes', 'unlabeled', 'pseudo'}:
        settings.update(dict.fromkeys(sizes, 2))
    dataset = SimpleNamespace(sources={name: range(size) for name, size in sizes.items()})
    counts = [settings.get(name, 0) for name in ('labeled', 'boxes', 'unlabeled', 'pseudo')]
    sampler = SemiBatchSampler(SimpleNamespace(dataset=dataset, seed=5),
                               batch_size or sum(counts), **settings)
    sampler.set_burn_in(burn_in)
    sampler.rank, sampler.world_size = rank, world_size
    return sampler


def draw(sampler, num_batches):
    """Batches as lists of (index, source, position)."""
    return [[(int(i), i.source, i.position) for i in batch]
            for batch in islice(sampler, num_batches)]


@pytest.mark.parametrize('counts', [
    pytest.param(dict(labeled=1, unlabeled=3), id='semi'),
    pytest.param(dict(labeled=3), id='labels'),
    pytest.param(dict(labeled=2, boxes=1, unlabeled=2), id='mixed'),
    pytest.param(dict(labeled=4, pseudo=2), id='pseudo'),
])
def test_counts_and_order_of_the_sources(counts):
    sampler = make_sampler(dict.fromkeys(counts, 9), **counts)
    for batch in draw(sampler, 5):
        assert [source for _, source, _ in batch] == [
            source for source, count in enumerate(counts.values()) for _ in range(count)]


def test_indices_point_into_their_source_and_epochs_are_complete():
    sizes = dict(labeled=6, boxes=10, unlabeled=5)
    batches = draw(make_sampler(sizes), 15)
    for source, (start, stop) in enumerate([(0, 6), (6, 16), (16, 21)]):
        drawn = [i for batch in batches for i, s, _ in batch if s == source]
        size = stop - start
        for epoch in range(len(drawn) // size):
            assert sorted(drawn[size * epoch:size * (epoch + 1)]) == list(range(start, stop))
        assert drawn[:size] != drawn[size:2 * size]


def test_a_source_s_stream_is_the_same_whatever_else_is_read():
    alone = draw(make_sampler(dict(labeled=7)), 9)
    both = draw(make_sampler(), 9)
    assert [[i for i in batch if i[1] == 0] for batch in both] == alone


def test_the_stream_stays_as_it_was_published():
    """Runs of docs/results.md drew these images."""
    assert draw(make_sampler(), 2) == STREAM


def test_burn_in_leaves_unlabeled_images_out_and_starts_them_at_zero():
    batches = draw(make_sampler(dict(labeled=7, boxes=5, unlabeled=20), burn_in=3), 5)
    assert [[source for _, source, _ in batch] for batch in batches] == (
        3 * [[0, 0, 1, 1]] + 2 * [[0, 0, 1, 1, 2, 2]])
    assert [p for _, source, p in batches[3] if source == 2] == [0, 1]


def test_held_out_images_come_after_burn_in():
    sampler = make_sampler(burn_in=inf)
    sampler.hold_out([4, 1])
    # STREAM's first epoch is 1 4 2 3 5 0 6 (its labeled images are 1 4, 2 3); without 1 and 4:
    order = [i for batch in draw(make_sampler(dict(labeled=7)), 4) for i, _, _ in batch][:7]
    batches = draw(sampler, 6)
    drawn = [i for batch in batches for i, _, _ in batch]
    assert drawn[:5] == [i for i in order if i not in (1, 4)] and not {1, 4} & set(drawn)
    sampler.set_burn_in(2)
    sampler.move_to(2)
    after = draw(sampler, 2)
    assert draw(make_sampler(burn_in=2), 4)[2:] == after != batches[2:4]


@pytest.mark.parametrize('mode, num_skipped', [
    ('fixed', 0), ('fixed', 1030), ('bernoulli', 4), ('bernoulli', 1030)])
def test_skip_equals_drawing(mode, num_skipped):
    settings = dict(mode=mode, burn_in=4, labeled=1, unlabeled=2)
    whole = draw(make_sampler(**settings), num_skipped + 6)
    resumed = make_sampler(**settings)
    resumed.skip(num_skipped // 3)
    resumed.skip(num_skipped - num_skipped // 3)
    # A new iterator starts at the same place.
    assert draw(resumed, 6) == draw(resumed, 6) == whole[num_skipped:]


@pytest.mark.parametrize('mode, num_labeled', [('fixed', 1), ('bernoulli', 1), ('fixed', 50)])
def test_ranks_share_out_one_stream(mode, num_labeled):
    sizes = dict(labeled=num_labeled, unlabeled=20)
    ranks = [draw(make_sampler(sizes, rank=r, world_size=3, mode=mode), 6) for r in range(3)]
    for batches in zip(*ranks):
        assert len({tuple(s for _, s, _ in batch) for batch in batches}) == 1
    places = [(s, p) for rank in ranks for batch in rank for _, s, p in batch]
    for source in (0, 1):
        positions = sorted(p for s, p in places if s == source)
        assert positions == list(range(len(positions)))


def test_bernoulli_has_both_sources_and_the_right_mean():
    sampler = make_sampler(mode='bernoulli', labeled=1, unlabeled=3)
    counts = [sum(s == 0 for _, s, _ in batch) for batch in draw(sampler, 4000)]
    assert min(counts) == 1 and max(counts) == 3
    binomial = [0.75**4 + 4 * 0.25 * 0.75**3, 6 * 0.25**2 * 0.75**2, 4 * 0.25**3 * 0.75 + 0.25**4]
    assert np.mean(counts) == pytest.approx(np.dot(binomial, [1, 2, 3]), abs=0.03)


def test_the_seed_of_the_config_decides_the_stream():
    given, other, taken = make_sampler(seed=1), make_sampler(seed=2), make_sampler()
    given.set_seed(2)
    taken.set_seed(2)
    assert draw(given, 5) != draw(other, 5) == draw(taken, 5)


def test_gap_2_13_an_empty_source_does_not_hang():
    for name in ('labeled', 'unlabeled'):
        with pytest.raises(ValueError, match=f'train_dataloader.dataset.{name} is empty'):
            make_sampler(dict(dict(labeled=3, unlabeled=3), **{name: 0}))


def test_gap_2_14_sources_of_any_shape_mix():
    """mmdet's group sampler loops for ever if a source lacks an orientation; none is used here."""
    portrait, landscape = [dict(height=2, width=1)] * 3, [dict(height=1, width=2)] * 3
    dataset = SimpleNamespace(sources=dict(labeled=portrait, unlabeled=landscape))
    sampler = SemiBatchSampler(SimpleNamespace(dataset=dataset, seed=0), 2, labeled=1, unlabeled=1)
    assert [len(batch) for batch in islice(sampler, 10)] == [2] * 10


def test_gap_2_15_length_is_finite():
    assert len(make_sampler(dict(labeled=20, unlabeled=9))) == 10
    assert len(make_sampler(dict(labeled=1, unlabeled=9))) == 1


@pytest.mark.parametrize('settings, message', [
    pytest.param(dict(batch_size=5), r'batch_size = 5, .* 4 in all', id='sum'),
    pytest.param(dict(labeled=4), r'dataset.unlabeled is given, but .*unlabeled = 0',
                 id='lacks'),
    pytest.param(dict(labeled=1, boxes=1, unlabeled=1), r'boxes = 1, but there is no .*.boxes',
                 id='count_without_source'),
    pytest.param(dict(labeled=-1, unlabeled=3), r'batch_sampler.labeled = -1', id='negative'),
    pytest.param(dict(mode='random'), 'batch_sampler.mode', id='mode'),
    pytest.param(dict(mode='bernoulli', labeled=2), 'bernoulli', id='bernoulli_labeled'),
    pytest.param(dict(), 'num_batches', id='negative_skip'),
    pytest.param(dict(burn_in=1.5), 'set_burn_in', id='burn_in'),
])
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        make_sampler(**settings).skip(-1)


def test_a_plain_data_set_counts_as_labeled():
    sampler = SemiBatchSampler(SimpleNamespace(dataset=range(3), seed=0), 2, labeled=2)
    assert set(next(iter(sampler))) < {0, 1, 2}


def test_stream_index_survives_pickling():
    index = pickle.loads(pickle.dumps(StreamIndex(3, 17, 1, 5)))
    assert (index, index.position, index.source, index.seed) == (3, 17, 1, 5)
    assert index.sample_seed() == StreamIndex(9, 17, 1, 5).sample_seed()


def test_seeded_rng_repeats_inside_and_restores_outside():
    def draws():
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
