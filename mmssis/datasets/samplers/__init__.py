"""Samplers that mix labeled and unlabeled images."""

from .semi_batch_sampler import SemiBatchSampler
from .stream_index import StreamIndex, derive_seed, seeded_rng

__all__ = ['SemiBatchSampler', 'StreamIndex', 'derive_seed', 'seeded_rng']
