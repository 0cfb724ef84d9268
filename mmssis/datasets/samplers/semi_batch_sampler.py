"""Batches of labeled and unlabeled images in a given ratio."""

from functools import lru_cache
from typing import Iterator, Optional, Sequence

import numpy as np
from mmdet.registry import DATA_SAMPLERS
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from .stream_index import StreamIndex, derive_seed

LABELED, UNLABELED = 0, 1
RATIO_STREAM = 2
BLOCK = 1024
MODES = ('fixed', 'bernoulli')


@DATA_SAMPLERS.register_module()
class SemiBatchSampler(Sampler):
    """Infinite batch sampler over a labeled and an unlabeled source.

    Each source is an endless row of shuffled epochs; the ranks take its positions in turn, so they
    never share one. Everything is a function of the seed and the position: ``skip`` costs no
    reading, and a resumed stream equals an uninterrupted one. All ranks use the same counts.

    Args:
        sampler (Sampler): Sampler given by the runner; only its ``dataset`` and seed are used.
            The data set must be a concatenation of two sources, the labeled one first, or of the
            labeled one alone.
        batch_size (int): Labeled plus unlabeled images of one rank after burn-in, >= 2.
        source_ratio (Sequence[float]): Labeled : unlabeled, both > 0, or ``[1, 0]`` for labeled
            images only. Defaults to (1, 1).
        burn_in (int): Number of first batches that hold labeled images only. Defaults to 0.
        mode (str): ``'fixed'``: the same counts in every batch. ``'bernoulli'``: each image of a
            batch is labeled with the probability of the ratio, at least one of each source
            (PAIS's released sampler). Defaults to ``'fixed'``.
        seed (int, optional): Seed of the stream, the same on all ranks. None takes the runner's.
            Defaults to None.

    Raises:
        ValueError: If a source is empty, or would get no image in a batch.
    """

    def __init__(self,
                 sampler: Sampler,
                 batch_size: int,
                 source_ratio: Sequence[float] = (1, 1),
                 burn_in: int = 0,
                 mode: str = 'fixed',
                 seed: Optional[int] = None) -> None:
        _check_settings(batch_size, source_ratio, burn_in, mode, seed)
        # mmengine's DistSamplerSeedHook looks for a batch sampler's inner sampler.
        self.sampler = sampler
        self.dataset = sampler.dataset
        self.batch_size = batch_size
        self.labeled_share = source_ratio[LABELED] / sum(source_ratio)
        self.burn_in = burn_in
        self.mode = mode
        self.seed_is_given = seed is not None
        self.seed = _runner_seed(sampler) if seed is None else seed
        self.rank, self.world_size = get_dist_info()
        self.sizes = _source_sizes(self.dataset)
        self._num_labeled = self._fixed_count(source_ratio)
        self._check_sizes()
        self._batch = 0
        self._positions = [0, 0]

    def _fixed_count(self, source_ratio: Sequence[float]) -> int:
        """Labeled images of a batch, at mode 'fixed'."""
        if source_ratio[UNLABELED] == 0:
            return self.batch_size
        num_labeled = round(self.batch_size * self.labeled_share)
        if self.mode == 'fixed' and not 0 < num_labeled < self.batch_size:
            empty = 'labeled' if num_labeled == 0 else 'unlabeled'
            needed = int(np.ceil(0.5 * sum(source_ratio) / min(source_ratio) + 1e-9))
            raise ValueError(
                f'train_dataloader.batch_size={self.batch_size} with batch_sampler.source_ratio='
                f'{list(source_ratio)} leaves no place for {empty} images. Use a batch_size of at '
                f'least {max(needed, 2)}, a more even ratio, or mode="bernoulli".')
        return num_labeled

    def _check_sizes(self) -> None:
        """Refuse an empty source; an endless search for its images would hang."""
        if self.sizes[LABELED] == 0:
            raise ValueError('The labeled data set (train_dataloader.dataset.datasets[0]) is empty.'
                             ' Check its ann_file, its class names and its filter_cfg.')
        reads_unlabeled = self._num_labeled < self.batch_size or self.mode == 'bernoulli'
        if reads_unlabeled and self.sizes[UNLABELED] == 0:
            raise ValueError('The unlabeled data set (train_dataloader.dataset.datasets[1]) is '
                             'empty. Check its path, or train on labels alone with '
                             'batch_sampler.source_ratio=[1, 0].')

    def set_seed(self, seed: int) -> None:
        """Take the runner's seed, unless the config gives one.

        A resumed run learns its seed from the checkpoint, after this sampler was built.

        Args:
            seed (int): Seed of the run, >= 0, the same on all ranks.
        """
        if not self.seed_is_given:
            self.seed = seed

    def skip(self, num_batches: int) -> None:
        """Move on by a number of batches without drawing them.

        Args:
            num_batches (int): Batches to leave out, >= 0.
        """
        if num_batches < 0:
            raise ValueError(f'skip(num_batches) needs num_batches >= 0, got {num_batches}.')
        for batch in range(self._batch, self._batch + num_batches):
            self._advance(self._counts(batch))
        self._batch += num_batches

    def _advance(self, counts: tuple[int, int]) -> None:
        """Move both streams on by one batch of every rank."""
        for source, count in enumerate(counts):
            self._positions[source] += count * self.world_size

    def _counts(self, batch: int) -> tuple[int, int]:
        """Labeled and unlabeled images that one rank gets in a batch."""
        num_labeled = self._num_labeled
        if self.mode == 'bernoulli':
            num_labeled = self._bernoulli_counts(batch // BLOCK)[batch % BLOCK]
        num_unlabeled = 0 if batch < self.burn_in else self.batch_size - num_labeled
        return num_labeled, num_unlabeled

    def _bernoulli_counts(self, block: int) -> list[int]:
        """Labeled images of each batch of a block of batches."""
        return _bernoulli_counts(self.seed, block, self.batch_size, self.labeled_share)

    def __iter__(self) -> Iterator[list[StreamIndex]]:
        """Yield batches of indices for ever, labeled ones first.

        The place is kept apart from that of ``skip``: data loader workers fetch ahead, so the
        sampler cannot know how many of its batches were used. A new iterator starts at the place
        that was skipped to.
        """
        batch, positions = self._batch, list(self._positions)
        while True:
            indices = []
            for source, count in enumerate(self._counts(batch)):
                first = positions[source] + self.rank
                indices += [self._index(source, first + i * self.world_size)
                            for i in range(count)]
                positions[source] += count * self.world_size
            yield indices
            batch += 1

    def _index(self, source: int, position: int) -> StreamIndex:
        """Index at a position of a source's stream of shuffled epochs."""
        epoch, place = divmod(position, self.sizes[source])
        offset = self.sizes[LABELED] if source == UNLABELED else 0
        order = _epoch_order(self.seed, source, epoch, self.sizes[source])
        return StreamIndex(offset + int(order[place]), position, source, self.seed)

    def __len__(self) -> int:
        """Batches in which each rank sees its part of the labeled images about once."""
        return max(1, self.sizes[LABELED] // (max(1, self._num_labeled) * self.world_size))


@lru_cache(maxsize=4)
def _epoch_order(seed: int, source: int, epoch: int, size: int) -> np.ndarray:
    """Shuffled order of one epoch of a source."""
    return np.random.default_rng([seed, source, epoch]).permutation(size)


@lru_cache(maxsize=2)
def _bernoulli_counts(seed: int, block: int, batch_size: int, share: float) -> list[int]:
    """Labeled images of each batch of a block, at least one of each source."""
    rng = np.random.default_rng(derive_seed(seed, RATIO_STREAM, block))
    return rng.binomial(batch_size, share, size=BLOCK).clip(1, batch_size - 1).tolist()


def _runner_seed(sampler: Sampler) -> int:
    """Seed that the runner gave to the inner sampler, or one that all ranks agree on."""
    return sampler.seed if hasattr(sampler, 'seed') else sync_random_seed()


def _source_sizes(dataset: object) -> tuple[int, int]:
    """Number of labeled and unlabeled images."""
    if not hasattr(dataset, 'datasets') or len(dataset.datasets) not in (1, 2):
        raise ValueError(
            'SemiBatchSampler needs a data set of two sources, train_dataloader.dataset=dict('
            f'type="SemiConcatDataset", datasets=[labeled, unlabeled]); got {type(dataset)}.')
    sizes = [len(source) for source in dataset.datasets]
    return sizes[LABELED], sum(sizes[UNLABELED:])


def _check_settings(batch_size: int, source_ratio: Sequence[float], burn_in: int, mode: str,
                    seed: Optional[int]) -> None:
    """Refuse settings that no data set could make right."""
    ratio = list(source_ratio)
    labels_only = len(ratio) == 2 and ratio[UNLABELED] == 0
    if len(ratio) != 2 or ratio[LABELED] <= 0 or ratio[UNLABELED] < 0:
        raise ValueError('batch_sampler.source_ratio must be [labeled, unlabeled] with both > 0, '
                         f'or [1, 0] for labeled images only; got {ratio}.')
    if not isinstance(batch_size, int) or batch_size < (1 if labels_only else 2):
        raise ValueError(
            f'train_dataloader.batch_size={batch_size} cannot hold a labeled and an unlabeled '
            'image. Use at least 2 per rank, or source_ratio=[1, 0] for labeled images only.')
    if not isinstance(burn_in, int) or burn_in < 0:
        raise ValueError(f'batch_sampler.burn_in must be an int >= 0, got {burn_in!r}.')
    if mode not in MODES:
        raise ValueError(f'batch_sampler.mode must be one of {MODES}, got {mode!r}.')
    if mode == 'bernoulli' and labels_only:
        raise ValueError(f'batch_sampler.source_ratio={ratio} needs mode="fixed".')
    if seed is not None and (not isinstance(seed, int) or seed < 0):
        raise ValueError(f'batch_sampler.seed must be None or an int >= 0, got {seed!r}.')
