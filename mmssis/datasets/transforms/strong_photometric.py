"""Colour and blur of the strong view."""

from typing import Sequence, Union

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from PIL import Image
from torchvision.transforms import ColorJitter

from mmssis.utils.settings import check_range

Range = Union[tuple[float, float], Sequence[float]]


@TRANSFORMS.register_module()
class StrongPhotometric(BaseTransform):
    """Colour jitter, grayscale and Gaussian blur; geometry and annotations stay.

    PL-DC Tab. III, with the isotropic blur of the released code (the table prints
    sigma_x 0.1 and sigma_y 2.0). The image is BGR uint8, as mmcv loads it. Jitter runs on a PIL
    image and the blur in OpenCV: at 1024 x 1024 on one core these take about a third and a
    twentieth of the time of torchvision's tensor versions.

    Args:
        brightness (float): Largest change of brightness, >= 0. Defaults to 0.4.
        contrast (float): Largest change of contrast, >= 0. Defaults to 0.4.
        saturation (float): Largest change of saturation, >= 0. Defaults to 0.4.
        hue (float): Largest change of hue, in [0, 0.5]. Defaults to 0.1.
        jitter_prob (float): Probability of the colour jitter. Defaults to 0.8.
        gray_prob (float): Probability of grayscale. Defaults to 0.2.
        blur_prob (float): Probability of the blur. Defaults to 0.5.
        blur_sigma (tuple[float, float]): Range of the blur's sigma in pixels, > 0.
            Defaults to (0.1, 2.0).
    """

    def __init__(self,
                 brightness: float = 0.4,
                 contrast: float = 0.4,
                 saturation: float = 0.4,
                 hue: float = 0.1,
                 jitter_prob: float = 0.8,
                 gray_prob: float = 0.2,
                 blur_prob: float = 0.5,
                 blur_sigma: Range = (0.1, 2.0)) -> None:
        for key, prob in dict(jitter_prob=jitter_prob, gray_prob=gray_prob,
                              blur_prob=blur_prob).items():
            check_range(f'StrongPhotometric.{key}', prob, 0, 1)
        if len(blur_sigma) != 2 or not 0 < blur_sigma[0] <= blur_sigma[1]:
            raise ValueError('StrongPhotometric.blur_sigma must be (low, high) with '
                             f'0 < low <= high, got {blur_sigma}.')
        self.jitter = ColorJitter(brightness, contrast, saturation, hue)
        self.jitter_prob = jitter_prob
        self.gray_prob = gray_prob
        self.blur_prob = blur_prob
        self.blur_sigma = tuple(blur_sigma)

    def transform(self, results: dict) -> dict:
        """Change the pixels of ``results['img']``.

        Args:
            results (dict): Sample with ``img`` (H, W, 3), BGR uint8.

        Returns:
            dict: The sample with another ``img`` of the same shape and type.
        """
        image = results['img']
        check_image('StrongPhotometric', image)
        if happens(self.jitter_prob):
            image = np.asarray(self.jitter(Image.fromarray(image[..., ::-1])))[..., ::-1]
        if happens(self.gray_prob):
            gray = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_BGR2GRAY)
            image = np.repeat(gray[..., None], 3, axis=-1)
        if happens(self.blur_prob):
            sigma = float(np.random.uniform(*self.blur_sigma))
            side = 2 * max(1, int(np.ceil(3 * sigma))) + 1
            image = cv2.GaussianBlur(np.ascontiguousarray(image), (side, side), sigma)
        results['img'] = np.ascontiguousarray(image)
        return results

    def __repr__(self) -> str:
        """Settings of the transform."""
        return (f'StrongPhotometric(jitter={self.jitter}, jitter_prob={self.jitter_prob}, '
                f'gray_prob={self.gray_prob}, blur_prob={self.blur_prob}, '
                f'blur_sigma={self.blur_sigma})')


def happens(prob: float) -> bool:
    """Draw an event of the given probability from NumPy's generator."""
    return bool(np.random.random() < prob)


def check_image(owner: str, image: np.ndarray) -> None:
    """Refuse images that are not (H, W, 3) of uint8.

    Args:
        owner (str): Name of the transform, for the message.
        image (np.ndarray): What it was given.

    Raises:
        TypeError: If the image has another shape or type.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise TypeError(f'{owner} needs an image (H, W, 3) of uint8, got {image.shape} of '
                        f'{image.dtype}. Put it before any Normalize and load with '
                        'color_type="color" and to_float32=False.')
