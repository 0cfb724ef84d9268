"""Transforms of the strong view, and image loading."""

from .load_image_robust import LoadImageRobust
from .random_noise_erasing import RandomNoiseErasing
from .strong_photometric import StrongPhotometric

__all__ = ['LoadImageRobust', 'RandomNoiseErasing', 'StrongPhotometric']
