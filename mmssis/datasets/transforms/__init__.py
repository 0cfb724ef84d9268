"""Transforms of the strong view, and image loading."""

from .random_noise_erasing import RandomNoiseErasing
from .strong_photometric import StrongPhotometric

__all__ = ['RandomNoiseErasing', 'StrongPhotometric']
