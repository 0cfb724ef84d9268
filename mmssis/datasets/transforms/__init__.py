"""Transforms of the views, and image loading."""

from .carry_scores import CarryScores
from .geometric import EdgeRotate, EdgeShearX, EdgeShearY, UniformTranslateX, UniformTranslateY
from .load_image_robust import LoadImageRobust
from .load_scored_annotations import LoadScoredAnnotations
from .one_of_color import OneOfColor
from .one_of_distortion import OneOfDistortion
from .pack_weighted_inputs import PackWeightedInputs
from .random_noise_erasing import RandomNoiseErasing
from .strong_photometric import StrongPhotometric

__all__ = [
    'CarryScores', 'EdgeRotate', 'EdgeShearX', 'EdgeShearY', 'LoadImageRobust',
    'LoadScoredAnnotations', 'OneOfColor', 'OneOfDistortion', 'PackWeightedInputs',
    'RandomNoiseErasing', 'StrongPhotometric', 'UniformTranslateX', 'UniformTranslateY'
]
