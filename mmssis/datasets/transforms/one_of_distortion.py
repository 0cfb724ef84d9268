"""One distortion of seven, as in Noisy Boundaries' strong augmentation."""

from typing import Callable, Mapping

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mmssis.utils.settings import check_range

from .strong_photometric import check_image, happens

uniform = np.random.uniform
SHARPEN = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])
CENTRE = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]])


def _gaussian_blur(image: np.ndarray) -> np.ndarray:
    """Gaussian of 3 to 7 pixels; OpenCV derives a sigma of 0 from the size."""
    side = 2 * np.random.randint(1, 4) + 1
    return cv2.GaussianBlur(image, (side, side), uniform(0, 3))


def _box_blur(image: np.ndarray) -> np.ndarray:
    """Mean over 3, 5 or 7 pixels; even sizes, as released, would shift the image by half of one."""
    side = 2 * np.random.randint(1, 4) + 1
    return cv2.blur(image, (side, side))


def _sharpen(image: np.ndarray) -> np.ndarray:
    """Blend with a sharpened image."""
    alpha, lightness = uniform(0, 1), uniform(0.75, 1.5)
    kernel = (1 - alpha) * CENTRE + alpha * (SHARPEN + lightness * CENTRE)
    return cv2.filter2D(image, -1, kernel)


def _noise(image: np.ndarray) -> np.ndarray:
    """Add independent Gaussian noise of a variance up to 12.75 to every value."""
    # NumPy's global generator gives float64 only, which takes longer and twice the memory.
    rng = np.random.default_rng(np.random.randint(2**31))
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    return cv2.add(image, np.sqrt(uniform(0, 12.75)) * noise, dtype=cv2.CV_8U)


def _multiply(image: np.ndarray) -> np.ndarray:
    """Multiply the whole image by one factor."""
    return cv2.convertScaleAbs(image, alpha=uniform(0.5, 1.5))


def _brighten(image: np.ndarray) -> np.ndarray:
    """More contrast and always brighter, as released."""
    return cv2.convertScaleAbs(image, alpha=1 + uniform(0.1, 0.3), beta=255 * uniform(0.1, 0.3))


OPERATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = dict(
    gaussian_blur=_gaussian_blur,
    box_blur=_box_blur,
    sharpen=_sharpen,
    noise=_noise,
    invert=cv2.bitwise_not,
    multiply=_multiply,
    brighten=_brighten)
RELEASED_WEIGHTS = dict(gaussian_blur=1.0, box_blur=1.0, sharpen=1.0, noise=1.0, invert=0.05,
                        multiply=0.5, brighten=1.0)


@TRANSFORMS.register_module()
class OneOfDistortion(BaseTransform):
    """Apply one distortion, drawn by weight; geometry and annotations stay.

    Noisy Boundaries' strong augmentation of labeled and pseudo-labeled images, with the ranges of
    its released config (albumentations' ``OneOf``). The released ``CutOut`` that follows is
    mmdet's own.

    Args:
        prob (float): Probability of a distortion, in [0, 1]. Defaults to 7/8.
        weights (Mapping[str, float]): Relative frequency of each distortion, >= 0; those not named
            are not drawn. Defaults to the released ones: gaussian_blur, box_blur, sharpen, noise,
            brighten 1, multiply 0.5, invert 0.05.

    Raises:
        ValueError: If a name does not exist, or weights are negative or all 0.
    """

    def __init__(self, prob: float = 7 / 8,
                 weights: Mapping[str, float] = RELEASED_WEIGHTS) -> None:
        check_range('OneOfDistortion.prob', prob, 0, 1)
        unknown = sorted(set(weights) - set(OPERATIONS))
        if unknown:
            raise ValueError(f'OneOfDistortion.weights names {unknown}; there are '
                             f'{tuple(OPERATIONS)}.')
        for name, weight in weights.items():
            check_range(f'OneOfDistortion.weights.{name}', weight, 0)
        check_range('sum of OneOfDistortion.weights', sum(weights.values()), 0, open_low=True)
        self.prob = prob
        self.weights = dict(weights)

    def transform(self, results: dict) -> dict:
        """Distort ``results['img']``.

        Args:
            results (dict): Sample with ``img`` (H, W, 3), BGR uint8.

        Returns:
            dict: The sample with another ``img`` of the same shape and type.
        """
        check_image('OneOfDistortion', results['img'])
        if happens(self.prob):
            shares = np.array(list(self.weights.values())) / sum(self.weights.values())
            name = np.random.choice(list(self.weights), p=shares)
            results['img'] = OPERATIONS[name](np.ascontiguousarray(results['img']))
        return results

    def __repr__(self) -> str:
        """Settings of the transform."""
        return f'OneOfDistortion(prob={self.prob}, weights={self.weights})'
