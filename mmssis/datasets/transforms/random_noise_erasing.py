"""Erased rectangles of the strong view."""

from typing import Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from torchvision.transforms import RandomErasing

from mmssis.utils.settings import check_range

from .strong_photometric import happens

Ranges = Sequence[Sequence[float]]


@TRANSFORMS.register_module()
class RandomNoiseErasing(BaseTransform):
    """Replace up to a few rectangles by noise; annotations stay.

    PL-DC Tab. III, with the aspect ratios of the released code (the table prints 0.6 and
    0.8 for 6 and 8). Rectangles are drawn within the image array it is given, and their
    areas are fractions of it. Padding to the size of the batch is added later, by the data
    preprocessor, and is therefore neither erased nor counted; the released code pads first. Noise
    is uniform over [0, 255] per value. Masks are not erased: the student must fill the gap.

    Args:
        probs (Sequence[float]): Probability of each rectangle. Defaults to (0.7, 0.5, 0.3).
        scales (Sequence[tuple]): Range of each rectangle's share of the image area, in (0, 1).
            Defaults to ((0.05, 0.2), (0.02, 0.2), (0.02, 0.2)).
        ratios (Sequence[tuple]): Range of each rectangle's height over width, > 0.
            Defaults to ((0.3, 3.3), (0.1, 6), (0.05, 8)).
    """

    def __init__(self,
                 probs: Sequence[float] = (0.7, 0.5, 0.3),
                 scales: Ranges = ((0.05, 0.2), (0.02, 0.2), (0.02, 0.2)),
                 ratios: Ranges = ((0.3, 3.3), (0.1, 6), (0.05, 8))) -> None:
        if not len(probs) == len(scales) == len(ratios):
            raise ValueError('RandomNoiseErasing needs probs, scales and ratios of equal length, '
                             f'got {len(probs)}, {len(scales)} and {len(ratios)}.')
        for i, prob in enumerate(probs):
            check_range(f'RandomNoiseErasing.probs[{i}]', prob, 0, 1)
        _check_ranges('scales', scales, 1.0)
        _check_ranges('ratios', ratios, float('inf'))
        self.probs = tuple(probs)
        self.scales = tuple(map(tuple, scales))
        self.ratios = tuple(map(tuple, ratios))

    def transform(self, results: dict) -> dict:
        """Erase rectangles of ``results['img']``.

        Args:
            results (dict): Sample with ``img`` (H, W, 3), uint8.

        Returns:
            dict: The sample with another ``img`` of the same shape and type.
        """
        image = results['img'].copy()
        for prob, scale, ratio in zip(self.probs, self.scales, self.ratios):
            if happens(prob):
                _erase(image, scale, ratio)
        results['img'] = image
        return results

    def __repr__(self) -> str:
        """Settings of the transform."""
        return (f'RandomNoiseErasing(probs={self.probs}, scales={self.scales}, '
                f'ratios={self.ratios})')


def _erase(image: np.ndarray, scale: Sequence[float], ratio: Sequence[float]) -> None:
    """Fill one rectangle of an image with noise, in place; none if no draw fits the image."""
    canvas = torch.zeros(1, 1, 1).expand(1, *image.shape[:2])
    top, left, height, width, value = RandomErasing.get_params(canvas, scale, ratio, [0.0])
    if value is canvas:
        return
    noise = np.random.randint(0, 256, (height, width, image.shape[2]), dtype=np.uint8)
    image[top:top + height, left:left + width] = noise


def _check_ranges(key: str, ranges: Ranges, upper: float) -> None:
    """Refuse ranges that are not 0 < low <= high < upper."""
    for i, limits in enumerate(ranges):
        if len(limits) != 2 or not 0 < limits[0] <= limits[1] < upper:
            raise ValueError(f'RandomNoiseErasing.{key}[{i}] must be (low, high) with 0 < low <= '
                             f'high < {upper}, got {limits}.')
