"""What both graphs are made of, in operations that have a form in ONNX.

Axes: N instances, H x W the image, S x S cells of a mask on its box.
"""

from typing import Tuple, Union

import torch
import torch.nn.functional as F
from mmdet.models.data_preprocessors import DetDataPreprocessor
from torch import Tensor, nn

# In a trace sizes are tensors of one number.
Length = Union[int, Tensor]


class Preparation(nn.Module):
    """What mmdet's data preprocessor does: order of the colours, normalisation, padding.

    Args:
        preprocessor: of the detector.
    """

    def __init__(self, preprocessor: DetDataPreprocessor) -> None:
        super().__init__()
        normalises = preprocessor._enable_normalize
        self.register_buffer('mean', preprocessor.mean if normalises else torch.zeros(3, 1, 1))
        self.register_buffer('std', preprocessor.std if normalises else torch.ones(3, 1, 1))
        # mmdet loads BGR; a network that takes images as they were loaded takes BGR.
        self.takes_bgr = not preprocessor._channel_conversion
        self.divisor = preprocessor.pad_size_divisor
        self.pad_value = preprocessor.pad_value

    def forward(self, images: Tensor) -> Tensor:
        """Prepare images.

        Args:
            images: uint8, RGB, (1, 3, H, W).

        Returns:
            (1, 3, H', W'), with H' and W' the next multiples of the divisor.
        """
        if self.takes_bgr:
            images = images.flip(1)
        images = (images.float() - self.mean) / self.std
        height, width = images.shape[-2:]
        padding = (0, -width % self.divisor, 0, -height % self.divisor)
        return F.pad(images, padding, value=self.pad_value)


def boxes_of(masks: Tensor) -> Tensor:
    """Boxes around masks, as mmdet's ``mask2bbox``.

    Args:
        masks: bool, (N, H, W).

    Returns:
        (N, 4), xyxy in pixels; zeros for an empty mask.
    """
    left, right = _span(masks.any(1))
    top, bottom = _span(masks.any(2))
    return torch.stack([left, top, right, bottom], 1).float()


def _span(hits: Tensor) -> Tuple[Tensor, Tensor]:
    """First hit and one past the last of each row (N, L); zeros for a row without any."""
    places = torch.arange(hits.shape[1])
    last = torch.where(hits, places + 1, 0).amax(1)
    first = torch.where(hits, places, hits.shape[1]).amin(1)
    return torch.minimum(first, last), last


def paste_masks(masks: Tensor, boxes: Tensor, height: Length, width: Length) -> Tensor:
    """Bring masks from their boxes onto the image, bilinear, zero outside.

    Two products of matrices; mmdet samples a grid of N x H x W points, with the same result.

    Args:
        masks: probabilities on the boxes, (N, S, S).
        boxes: (N, 4), xyxy in pixels; a box without area has no mask.
        height: H.
        width: W.

    Returns:
        (N, H, W) in [0, 1].
    """
    rows = _bilinear_weights(boxes[:, 1], boxes[:, 3], masks.shape[1], height)
    columns = _bilinear_weights(boxes[:, 0], boxes[:, 2], masks.shape[2], width)
    return rows @ masks @ columns.transpose(1, 2)


def _bilinear_weights(first: Tensor, last: Tensor, cells: int, length: Length) -> Tensor:
    """Weight of each cell between two borders (N,) for each pixel centre, (N, length, cells)."""
    centres = torch.arange(length) + 0.5
    sizes = (last - first).clamp(min=1e-6)[:, None]
    positions = (centres - first[:, None]) / sizes * cells - 0.5
    return (1 - (positions[:, :, None] - torch.arange(cells)).abs()).clamp(min=0)
