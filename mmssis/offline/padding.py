"""The padding of a view of an image, from the ``Pad`` of a model's test pipeline.

Some networks need sizes that their data preprocessor does not make: mmdet's RTMDet-Ins leaves the
padding to the pipeline.
"""

from math import lcm
from typing import Any, NamedTuple, Optional, Sequence, Tuple

import mmcv
import numpy as np

# What networks of five stages divide their input by.
STRIDE = 32
KEYS = ('type', '_scope_', 'size', 'size_divisor', 'pad_to_square', 'pad_val', 'padding_mode')


class Padding(NamedTuple):
    """How far a view is padded, at its right and at its bottom.

    Attributes:
        size: least width and height; (0, 0) for none.
        divisor: what width and height are rounded up to multiples of.
        square: whether the short side becomes as long as the long one.
        value: BGR of the new pixels.
    """

    size: Tuple[int, int] = (0, 0)
    divisor: int = 1
    square: bool = False
    value: Tuple[float, ...] = (0, 0, 0)

    def of_other_scale(self) -> 'Padding':
        """The padding of a view that has not the test scale.

        A size or square that fits the network at the test scale says nothing of others, so those
        sides become multiples of 32 as well.
        """
        return self._replace(divisor=lcm(self.divisor, STRIDE))

    def canvas(self, height: int, width: int) -> Tuple[int, int]:
        """Height and width of a padded view.

        Args:
            height: of the view.
            width: of the view.
        """
        if self.square:
            height = width = max(height, width)
        sides = max(height, self.size[1]), max(width, self.size[0])
        return tuple(-(-side // self.divisor) * self.divisor for side in sides)

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """Pad a view.

        Args:
            pixels: BGR, uint8, (H, W, 3).

        Returns:
            (H', W', 3), with the view at its upper left.
        """
        return mmcv.impad(pixels, shape=self.canvas(*pixels.shape[:2]), pad_val=self.value)


def read_padding(step: dict) -> Padding:
    """What a ``Pad`` of a pipeline asks for.

    Args:
        step: config of the transform, with mmdet's arguments.

    Raises:
        ValueError: if an argument is unknown or has another meaning than here.
    """
    unknown = sorted(set(step) - set(KEYS))
    if unknown or step.get('padding_mode', 'constant') != 'constant':
        raise ValueError(f'Pad of the test pipeline, {dict(step)}: give it size, size_divisor, '
                         "pad_to_square and pad_val alone, and padding_mode='constant'")
    padding = Padding(_size(step), step.get('size_divisor') or 1,
                      step.get('pad_to_square', False), _value(step.get('pad_val', 0)))
    if padding == Padding(value=padding.value):
        raise ValueError(f'Pad of the test pipeline, {dict(step)}, does not say how far: give it a '
                         'size (width, height), a size_divisor or pad_to_square=True')
    return padding


def _size(step: dict) -> Tuple[int, int]:
    """Least width and height."""
    size: Optional[Sequence[int]] = step.get('size')
    if size is None:
        return 0, 0
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f'Pad of the test pipeline: size = {size}: give (width, height) in pixels')
    return tuple(size)


def _value(pad_val: Any) -> Tuple[float, ...]:
    """Value of each channel; that of annotations does not matter here."""
    value = pad_val.get('img', 0) if isinstance(pad_val, dict) else pad_val
    return tuple(value) if isinstance(value, (list, tuple)) else (value, ) * 3
