"""Soft masks on box grids: as text on disk, and as masks of an image.

Axes: N detections of one image, S x S cells of a box's grid, H x W pixels of the image.
"""

import base64
import zlib

import numpy as np
import torch
from mmdet.models.roi_heads.mask_heads.fcn_mask_head import _do_paste_mask
from pycocotools import mask as coco_mask
from torch import Tensor

LEVELS = 255


def encode_mask_probs(mask_probs: Tensor) -> str:
    """Pack mask probabilities in steps of 1 / 255.

    Args:
        mask_probs: (N, S, S), in [0, 1].

    Returns:
        ``round(255 p)`` as bytes, compressed by zlib, as base64.
    """
    levels = mask_probs.float().mul(LEVELS).round().to(torch.uint8).cpu().contiguous()
    return base64.b64encode(zlib.compress(levels.numpy().tobytes())).decode('ascii')


def decode_mask_probs(text: str, num: int, size: int) -> Tensor:
    """Unpack mask probabilities.

    Args:
        text: result of :func:`encode_mask_probs`.
        num: N.
        size: S.

    Returns:
        (N, S, S) float32 in [0, 1], within 1 / 510 of what was packed.

    Raises:
        ValueError: the text is torn, or holds another number of cells.
    """
    try:
        levels = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8)
    except (ValueError, zlib.error) as error:
        raise ValueError(f'mask probabilities cannot be unpacked: {error}') from error
    if levels.size != num * size * size:
        raise ValueError(f'{levels.size} mask probabilities do not make up {num} masks of '
                         f'{size} x {size} cells')
    return torch.from_numpy(levels.astype(np.float32) / LEVELS).view(num, size, size)


def binary_rle(mask_prob: Tensor, box: Tensor, image_size: tuple[int, int],
               threshold: float) -> tuple[dict, int]:
    """Mask of one instance in its image, pasted as mmdet pastes.

    Only the box's region is sampled in floating point.

    Args:
        mask_prob: (S, S), in [0, 1].
        box: (4,), xyxy in pixels of the image.
        image_size: (H, W).
        threshold: a pixel belongs to the mask if its probability is at least this, in [0, 1]. Less
            than half a step of what the disk keeps counts as 0, and a pixel of probability 0 never
            belongs to a mask: a threshold of 0 would take in what lies around the box.

    Returns:
        COCO's compressed RLE with ``counts`` as text, and the number of its pixels: 0 for a box
        without area, or outside the image.
    """
    height, width = image_size
    mask = np.zeros((height, width), np.uint8, order='F')
    if _meets_image(box, height, width):
        probs, region = _do_paste_mask(
            mask_prob.float()[None, None], box.float()[None], height, width, skip_empty=True)
        mask[region] = (probs[0] >= max(threshold, 0.5 / LEVELS)).cpu().numpy()
    rle = coco_mask.encode(mask)
    area = int(coco_mask.area(rle))
    return dict(size=[height, width], counts=rle['counts'].decode('ascii')), area


def _meets_image(box: Tensor, height: int, width: int) -> bool:
    """Whether a box has area inside the image."""
    x1, y1, x2, y2 = box.tolist()
    return min(x2, width) > max(x1, 0) and min(y2, height) > max(y1, 0)
