"""Transforms of the views, and image loading."""

from .geometric import EdgeRotate, EdgeShearX, EdgeShearY, UniformTranslateX, UniformTranslateY
from .load_image_robust import LoadImageRobust
from .one_of_color import OneOfColor
from .random_noise_erasing import RandomNoiseErasing
from .strong_photometric import StrongPhotometric

__all__ = [
    'EdgeRotate', 'EdgeShearX', 'EdgeShearY', 'LoadImageRobust', 'OneOfColor', 'RandomNoiseErasing',
    'StrongPhotometric', 'UniformTranslateX', 'UniformTranslateY'
]
