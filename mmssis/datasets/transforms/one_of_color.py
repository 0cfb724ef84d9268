"""One colour change of nine, as in PAIS's labeled and strong views."""

from typing import Callable, Sequence

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from PIL import Image, ImageEnhance, ImageOps

from .strong_photometric import check_image

Operation = Callable[[Image.Image, int], Image.Image]
MAX_LEVEL = 10


def _enhance(kind: type) -> Operation:
    """Blend with a degenerate image; a factor of 1 is the image itself."""
    return lambda image, level: kind(image).enhance(1.8 * level / MAX_LEVEL + 0.1)


OPERATIONS: dict[str, Operation] = dict(
    identity=lambda image, level: image,
    autocontrast=lambda image, level: ImageOps.autocontrast(image),
    equalize=lambda image, level: ImageOps.equalize(image),
    solarize=lambda image, level: ImageOps.solarize(image, level * 256 // MAX_LEVEL),
    color=_enhance(ImageEnhance.Color),
    contrast=_enhance(ImageEnhance.Contrast),
    brightness=_enhance(ImageEnhance.Brightness),
    sharpness=_enhance(ImageEnhance.Sharpness),
    posterize=lambda image, level: ImageOps.posterize(image, 4 - level * 4 // MAX_LEVEL))


@TRANSFORMS.register_module()
class OneOfColor(BaseTransform):
    """Apply one colour change, drawn evenly; geometry and annotations stay.

    PAIS's ``OneOf`` over the nine changes of FixMatch's RandAugment, with the released code's
    magnitudes (rand_aug.py, MIT): at level m of 10, enhancing factors ``0.18 m + 0.1``,
    solarizing above ``25.6 m``, ``4 - floor(0.4 m)`` bits left by posterizing. mmdet has the same
    changes but rounds their magnitudes to one decimal, and equalizes eight times slower.

    Args:
        names (Sequence[str]): The changes to choose from. Defaults to all nine: identity,
            autocontrast, equalize, solarize, color, contrast, brightness, sharpness, posterize.
        levels (tuple[int, int]): Lowest and highest level, both included, in [0, 9]; level 10
            would leave no bit. Defaults to (1, 9).

    Raises:
        ValueError: If a name or a level does not exist.
    """

    def __init__(self,
                 names: Sequence[str] = tuple(OPERATIONS),
                 levels: Sequence[int] = (1, 9)) -> None:
        unknown = [name for name in names if name not in OPERATIONS]
        if unknown or not names:
            raise ValueError(f'OneOfColor.names must hold one or more of {tuple(OPERATIONS)}, got '
                             f'{tuple(names)}.')
        if len(levels) != 2 or not 0 <= levels[0] <= levels[1] < MAX_LEVEL:
            raise ValueError('OneOfColor.levels must be (low, high) with 0 <= low <= high <= 9, '
                             f'got {tuple(levels)}.')
        self.names = tuple(names)
        self.levels = tuple(levels)

    def transform(self, results: dict) -> dict:
        """Change the colours of ``results['img']``.

        Args:
            results (dict): Sample with ``img`` (H, W, 3), BGR uint8.

        Returns:
            dict: The sample with another ``img`` of the same shape and type.
        """
        check_image('OneOfColor', results['img'])
        name = self.names[np.random.randint(len(self.names))]
        level = int(np.random.randint(self.levels[0], self.levels[1] + 1))
        changed = OPERATIONS[name](Image.fromarray(results['img'][..., ::-1]), level)
        results['img'] = np.ascontiguousarray(np.asarray(changed)[..., ::-1])
        return results

    def __repr__(self) -> str:
        """Settings of the transform."""
        return f'OneOfColor(names={self.names}, levels={self.levels})'
