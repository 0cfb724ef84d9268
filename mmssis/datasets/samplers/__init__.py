"""The sampler that mixes the sources of a training set."""

from .semi_batch_sampler import SemiBatchSampler
from .stream_index import StreamIndex, derive_seed, seeded_rng

__all__ = ['SemiBatchSampler', 'StreamIndex', 'derive_seed', 'seeded_rng']
