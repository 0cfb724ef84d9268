"""Batches with a given number of images of each source."""

from functools import lru_cache
from math import inf
from typing import Dict, Iterator, Optional, Sequence, Tuple

import numpy as np
from mmdet.registry import DATA_SAMPLERS
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from mmssis.utils.settings import check_range

from ..sources import sources_of
from .stream_index import StreamIndex, derive_seed

COUNT_STREAM = 2
BLOCK = 1024
MODES = ('fixed', 'bernoulli')
DATASET, SAMPLER = 'train_dataloader.dataset', 'train_dataloader.batch_sampler'


@DATA_SAMPLERS.register_module()
class SemiBatchSampler(Sampler):
    """Endless batches over the named sources of a :class:`SemiDataset`.

    Each source is an endless row of shuffled epochs. The ranks take its places in turn, so they
    never share one. Everything is a function of the seed and the place: ``skip`` reads nothing,
    and a resumed stream equals an uninterrupted one. All ranks use the same counts.

    Args:
        sampler (Sampler): Sampler given by the runner; only its ``dataset`` and seed are used.
        batch_size (int): Images of one rank, the sum of the counts.
        labeled (int): Images of the source ``labeled`` per batch and rank. Defaults to 0. A data
            set without named sources counts as ``labeled``.
        boxes (int): The same for the source ``boxes``. Defaults to 0.
        unlabeled (int): The same for the source ``unlabeled``. Defaults to 0.
        pseudo (int): The same for the source ``pseudo``. Defaults to 0.
        mode (str): ``'fixed'``: these counts in every batch. ``'bernoulli'``: each image of a
            batch is labeled with the probability ``labeled / batch_size`` and unlabeled
            otherwise, at least one of each (PAIS's released sampler). Defaults to ``'fixed'``.
        seed (int, optional): Seed of the stream, the same on all ranks. None takes the runner's.
            Defaults to None.

    Raises:
        ValueError: If a source is empty or gets no image, or a count has no source.
    """

    def __init__(self,
                 sampler: Sampler,
                 batch_size: int,
                 labeled: int = 0,
                 boxes: int = 0,
                 unlabeled: int = 0,
                 pseudo: int = 0,
                 mode: str = 'fixed',
                 seed: Optional[int] = None) -> None:
        counts = dict(labeled=labeled, boxes=boxes, unlabeled=unlabeled, pseudo=pseudo)
        # mmengine's DistSamplerSeedHook looks for a batch sampler's inner sampler.
        self.sampler = sampler
        self.dataset = sampler.dataset
        self.sizes = {name: len(source) for name, source in sources_of(self.dataset).items()}
        _check_settings(counts, batch_size, mode, seed)
        _check_counts(counts, self.sizes)
        self.batch_size = batch_size
        self.counts = {name: counts[name] for name in self.sizes}
        self.mode = mode
        self.burn_in: float = 0
        self.held_out: Tuple[int, ...] = ()
        self.seed_is_given = seed is not None
        self.seed = _runner_seed(sampler) if seed is None else seed
        self.rank, self.world_size = get_dist_info()
        self._batch = 0
        self._positions = dict.fromkeys(self.sizes, 0)

    def set_seed(self, seed: int) -> None:
        """Take the runner's seed, unless the config gives one.

        A resumed run learns its seed from the checkpoint, after this sampler was built.

        Args:
            seed (int): Seed of the run, >= 0, the same on all ranks.
        """
        if not self.seed_is_given:
            self.seed = seed

    def set_burn_in(self, num_batches: float) -> None:
        """Leave unlabeled images, and labeled ones that are held out, out of the first batches.

        Args:
            num_batches (int | inf): Batches without ``unlabeled`` images, >= 0. Those of all other
                sources always come. ``inf``: all batches, until it is set again.
        """
        if num_batches != inf:
            check_range('set_burn_in(num_batches)', num_batches, 0, whole=True)
        self.burn_in = num_batches

    def hold_out(self, indices: Sequence[int]) -> None:
        """Leave some labeled images out of the batches of burn-in.

        Args:
            indices (Sequence[int]): Indices in the source ``labeled``, not all of them.
        """
        self.held_out = tuple(sorted(indices))

    def move_to(self, num_batches: int) -> None:
        """Stand behind the first batches of the stream, as burn-in and held-out images are now.

        Args:
            num_batches (int): Batches from the beginning of the run to leave out, >= 0.
        """
        self._batch, self._positions = 0, dict.fromkeys(self.sizes, 0)
        self.skip(num_batches)

    def skip(self, num_batches: int) -> None:
        """Move on by a number of batches without drawing them.

        Args:
            num_batches (int): Batches to leave out, >= 0.
        """
        check_range('skip(num_batches)', num_batches, 0, whole=True)
        for batch in range(self._batch, self._batch + num_batches):
            _advance(self._positions, self._batch_counts(batch), self.world_size)
        self._batch += num_batches

    def _batch_counts(self, batch: int) -> Dict[str, int]:
        """Images of each source that one rank gets in a batch."""
        counts = dict(self.counts)
        if self.mode == 'bernoulli':
            share = self.counts['labeled'] / self.batch_size
            drawn = _bernoulli_counts(self.seed, batch // BLOCK, self.batch_size, share)
            counts['labeled'] = drawn[batch % BLOCK]
            counts['unlabeled'] = self.batch_size - counts['labeled']
        if batch < self.burn_in and 'unlabeled' in counts:
            counts['unlabeled'] = 0
        return counts

    def __iter__(self) -> Iterator[list[StreamIndex]]:
        """Yield batches of indices for ever, in the order of the sources.

        The place is kept apart from that of ``skip``: data loader workers fetch ahead, so the
        sampler cannot know how many of its batches were used. A new iterator starts at the place
        that was skipped to.
        """
        batch, positions = self._batch, dict(self._positions)
        while True:
            counts = self._batch_counts(batch)
            left_out = self.held_out if batch < self.burn_in else ()
            yield [self._index(name, positions[name] + self.rank + i * self.world_size, left_out)
                   for name, count in counts.items() for i in range(count)]
            _advance(positions, counts, self.world_size)
            batch += 1

    def _index(self, name: str, position: int, left_out: Tuple[int, ...]) -> StreamIndex:
        """Index at a position of a source's stream of shuffled epochs."""
        source = list(self.sizes).index(name)
        left_out = left_out if name == 'labeled' else ()
        epoch, place = divmod(position, self.sizes[name] - len(left_out))
        order = _epoch_order(self.seed, source, epoch, self.sizes[name], left_out)
        offset = sum(list(self.sizes.values())[:source])
        return StreamIndex(offset + int(order[place]), position, source, self.seed)

    def __len__(self) -> int:
        """Batches in which each rank sees its part of the first source about once."""
        first, *_ = self.sizes
        return max(1, self.sizes[first] // (self.counts[first] * self.world_size))


def _advance(positions: Dict[str, int], counts: Dict[str, int], world_size: int) -> None:
    """Move all streams on by one batch of every rank."""
    for name, count in counts.items():
        positions[name] += count * world_size


@lru_cache(maxsize=6)
def _epoch_order(seed: int, source: int, epoch: int, size: int,
                 left_out: Tuple[int, ...]) -> np.ndarray:
    """Shuffled order of one epoch of a source, without some of its images."""
    order = np.random.default_rng([seed, source, epoch]).permutation(size)
    return order[~np.isin(order, left_out)] if left_out else order


@lru_cache(maxsize=2)
def _bernoulli_counts(seed: int, block: int, batch_size: int, share: float) -> list[int]:
    """Labeled images of each batch of a block, at least one of each source."""
    rng = np.random.default_rng(derive_seed(seed, COUNT_STREAM, block))
    return rng.binomial(batch_size, share, size=BLOCK).clip(1, batch_size - 1).tolist()


def _runner_seed(sampler: Sampler) -> int:
    """Seed that the runner gave to the inner sampler, or one that all ranks agree on."""
    return sampler.seed if hasattr(sampler, 'seed') else sync_random_seed()


def _check_settings(counts: Dict[str, int], batch_size: int, mode: str,
                    seed: Optional[int]) -> None:
    """Refuse settings that no data set could make right."""
    for name, count in counts.items():
        check_range(f'{SAMPLER}.{name}', count, 0, whole=True)
    total = sum(counts.values())
    if batch_size != total:
        given = {name: count for name, count in counts.items() if count}
        raise ValueError(f'train_dataloader.batch_size = {batch_size!r}, but the counts of '
                         f'{SAMPLER} are {given}, {total} in all: change one of them.')
    if mode not in MODES:
        raise ValueError(f'{SAMPLER}.mode = {mode!r}: give one of {MODES}.')
    if mode == 'bernoulli' and [n for n, count in counts.items() if count] != [
            'labeled', 'unlabeled']:
        raise ValueError(f'{SAMPLER}.mode = "bernoulli" draws labeled against unlabeled images: '
                         f'give counts of these two, or mode="fixed"; got {counts}.')
    if seed is not None:
        check_range(f'{SAMPLER}.seed', seed, 0, whole=True)


def _check_counts(counts: Dict[str, int], sizes: Dict[str, int]) -> None:
    """Refuse a count without a source, a source without a count, and an empty source."""
    for name, count in counts.items():
        if count and name not in sizes:
            raise ValueError(f'{SAMPLER}.{name} = {count}, but there is no {DATASET}.{name}: give '
                             'that source, or set the count to 0.')
        if name in sizes and not count:
            raise ValueError(f'{DATASET}.{name} is given, but {SAMPLER}.{name} = 0: give a count, '
                             'or set the source to None.')
        if name in sizes and not sizes[name]:
            # An endless search for images of it would hang.
            raise ValueError(f'{DATASET}.{name} is empty: check its path or ann_file, its class '
                             'names and its filter_cfg, or leave it out (None, count 0).')
