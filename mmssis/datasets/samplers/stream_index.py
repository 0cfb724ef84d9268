"""A data set index that knows its place in the sampling stream."""

import random
from contextlib import contextmanager
from typing import Iterator

import numpy as np
import torch


class StreamIndex(int):
    """An index of a data set, drawn at a given position of a sampling stream.

    It is a plain ``int`` for everything that does not know it. The position counts the samples of
    one source over all ranks, so (seed, source, position) names one draw of one run, whatever the
    number of workers and whether or not the run was resumed.

    Args:
        index (int): Index into the concatenated data set.
        position (int): Position in the stream of its source, from 0.
        source (int): Place of the source among the given ones, from 0.
        seed (int): Seed of the run, >= 0.
    """

    position: int
    source: int
    seed: int

    def __new__(cls, index: int, position: int, source: int, seed: int) -> 'StreamIndex':
        self = super().__new__(cls, index)
        self.position = position
        self.source = source
        self.seed = seed
        return self

    def __getnewargs__(self) -> tuple[int, int, int, int]:
        """Arguments with which a worker process rebuilds the index."""
        return int(self), self.position, self.source, self.seed

    def sample_seed(self) -> int:
        """Seed of this draw's augmentation, a 32-bit unsigned integer."""
        return derive_seed(self.seed, self.source, self.position)


def derive_seed(*entropy: int) -> int:
    """Mix non-negative integers into one seed.

    Args:
        *entropy (int): What the seed depends on, each >= 0, for example run seed, iteration, rank.

    Returns:
        int: A seed in [0, 2**32), accepted by Python, NumPy and torch.
    """
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])


@contextmanager
def seeded_rng(seed: int) -> Iterator[None]:
    """Seed Python, NumPy and the CPU generator of torch, and restore their states on leaving.

    The generators of accelerators are left alone: augmentation runs on the CPU, and reseeding
    them would make the model's own randomness depend on the number of workers.

    Args:
        seed (int): Seed in [0, 2**32).

    Yields:
        None: Inside, every global CPU generator starts from ``seed``.
    """
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
