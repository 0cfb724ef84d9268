"""Connected parts of masks."""

from typing import List

import cv2
import numpy as np
import torch
from torch import Tensor


def largest_part_boxes(masks: Tensor, grid: int = 256) -> Tensor:
    """Boxes of the largest connected parts of binary masks.

    The parts are found by OpenCV on the CPU, 8-connected, on every s-th pixel in both directions,
    s = max(H, W) // grid (at least 1): a mask of a megapixel moves 64 KiB and its box is right
    to s pixels.

    Args:
        masks: (N, H, W) bool, on any device.
        grid: pixels along the longer side that are enough, >= 1.

    Returns:
        (N, 4) float32 on the CPU, xyxy in pixels of the masks; zeros where none of the pixels
        looked at is set.
    """
    step = max(1, max(masks.shape[-2:]) // grid)
    coarse = masks[:, ::step, ::step].to('cpu', torch.uint8).numpy()
    boxes = [_largest_part_box(mask) for mask in coarse]
    return step * torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)


def _largest_part_box(mask: np.ndarray) -> List[int]:
    """Box of the largest part of an (h, w) uint8 mask; zeros if it is empty."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count == 1:
        return [0, 0, 0, 0]
    # Row 0 is the background.
    x, y, width, height, _ = stats[1 + stats[1:, cv2.CC_STAT_AREA].argmax()]
    return [x, y, x + width, y + height]
