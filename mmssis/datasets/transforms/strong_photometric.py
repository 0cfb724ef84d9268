"""Colour and blur of the strong view."""

from typing import Sequence, Union

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from torchvision.transforms import ColorJitter
from torchvision.transforms.v2 import functional

Range = Union[tuple[float, float], Sequence[float]]


@TRANSFORMS.register_module()
class StrongPhotometric(BaseTransform):
    """Colour jitter, grayscale and Gaussian blur; geometry and annotations stay.

    PL-DC Tab. III, with the isotropic blur of the released code (``facts`` #16: the table prints
    sigma_x 0.1 and sigma_y 2.0). The image is BGR uint8, as mmcv loads it.

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
        check_probs('StrongPhotometric', jitter_prob=jitter_prob, gray_prob=gray_prob,
                    blur_prob=blur_prob)
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
        results['img'] = tensor_to_bgr(self._change(bgr_to_tensor(results['img'])))
        return results

    def _change(self, image: torch.Tensor) -> torch.Tensor:
        """Jitter, gray and blur an image (3, H, W), RGB uint8."""
        if happens(self.jitter_prob):
            image = self.jitter(image)
        if happens(self.gray_prob):
            image = functional.rgb_to_grayscale(image, num_output_channels=3)
        if happens(self.blur_prob):
            sigma = float(np.random.uniform(*self.blur_sigma))
            image = functional.gaussian_blur(image, kernel_size(sigma), [sigma, sigma])
        return image

    def __repr__(self) -> str:
        """Settings of the transform."""
        return (f'StrongPhotometric(jitter={self.jitter}, jitter_prob={self.jitter_prob}, '
                f'gray_prob={self.gray_prob}, blur_prob={self.blur_prob}, '
                f'blur_sigma={self.blur_sigma})')


def happens(prob: float) -> bool:
    """Draw an event of the given probability from NumPy's generator."""
    return bool(np.random.random() < prob)


def kernel_size(sigma: float) -> list[int]:
    """Odd kernel side that holds three standard deviations on each side, at least 3 pixels."""
    side = 2 * max(1, int(np.ceil(3 * sigma))) + 1
    return [side, side]


def bgr_to_tensor(image: np.ndarray) -> torch.Tensor:
    """Turn an image (H, W, 3), BGR uint8, into a tensor (3, H, W), RGB uint8."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise TypeError('Strong views need an image (H, W, 3) of uint8, got '
                        f'{image.shape} of {image.dtype}. Load with to_float32=False and '
                        'color_type="color", and keep Normalize out of the pipeline.')
    return torch.from_numpy(np.ascontiguousarray(image[..., ::-1].transpose(2, 0, 1)))


def tensor_to_bgr(image: torch.Tensor) -> np.ndarray:
    """Turn a tensor (3, H, W), RGB uint8, into an image (H, W, 3), BGR uint8."""
    return np.ascontiguousarray(image.numpy().transpose(1, 2, 0)[..., ::-1])


def check_probs(name: str, **probs: float) -> None:
    """Refuse probabilities outside [0, 1], naming the setting."""
    for key, prob in probs.items():
        if not 0 <= prob <= 1:
            raise ValueError(f'{name}.{key} must be in [0, 1], got {prob}.')
