"""Masks as outlines, pictures and maps as data of a page."""

import base64
import io
from typing import List, Tuple

import cv2
import numpy as np
from PIL import Image
from torch import Tensor

LONGEST_SIDE = 440
JPEG_QUALITY = 78
LONGEST_MAP_SIDE = 160
HEAT = (255, 84, 0)


def svg_path(mask: np.ndarray, size: Tuple[int, int]) -> str:
    """The outline of a mask as the path of an SVG element.

    Args:
        mask: (h, w), bool.
        size: width and height of the picture that the path is drawn on.

    Returns:
        Closed polygons with whole coordinates; holes too, for the fill rule ``evenodd``. Empty
        where nothing of the mask is left.
    """
    if not mask.any():
        return ''
    enlarged = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5
    # A margin, so that a mask at the border has its outline there.
    padded = np.pad(enlarged.astype(np.uint8), 1)
    outlines, _ = cv2.findContours(padded, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    polygons = [cv2.approxPolyDP(outline, 0.9, True)[:, 0] - 1 for outline in outlines]
    return ''.join(_closed(polygon.tolist()) for polygon in polygons if len(polygon) > 2)


def _closed(points: List[List[int]]) -> str:
    """A polygon in relative coordinates, which are short."""
    steps = [f'{x - before_x} {y - before_y}' for (x, y), (before_x, before_y)
             in zip(points[1:], points)]
    return f'M{points[0][0]} {points[0][1]}l{" ".join(steps)}z'


def picture(image: np.ndarray, longest: int = LONGEST_SIDE) -> Tuple[str, Tuple[int, int]]:
    """A picture for a page.

    Args:
        image: (H, W, 3) RGB, uint8.
        longest: side that a larger picture is reduced to, in pixels.

    Returns:
        A JPEG as a data address, and its width and height.
    """
    factor = min(longest / max(image.shape[:2]), 1.0)
    size = tuple(max(round(side * factor), 1) for side in image.shape[1::-1])
    file = io.BytesIO()
    Image.fromarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA)).save(
        file, 'JPEG', quality=JPEG_QUALITY, optimize=True)
    return _address(file, 'jpeg'), size


def heat_map(values: Tensor) -> str:
    """A map that lies over a picture: the higher a value, the more of one colour.

    Args:
        values: (h, w), in [0, 1].

    Returns:
        A PNG as a data address.
    """
    factor = min(LONGEST_MAP_SIDE / max(values.shape), 1.0)
    size = tuple(max(round(side * factor), 1) for side in values.shape[::-1])
    small = cv2.resize(values.cpu().numpy().astype(np.float32), size,
                       interpolation=cv2.INTER_AREA)
    # 16 levels make the file a fraction as large.
    opacity = (small.clip(0, 1) * 15).round().astype(np.uint8) * 15
    pixels = np.dstack([np.full_like(opacity, value) for value in HEAT] + [opacity])
    file = io.BytesIO()
    Image.fromarray(pixels, 'RGBA').save(file, 'PNG', optimize=True)
    return _address(file, 'png')


def _address(file: io.BytesIO, kind: str) -> str:
    """A file's content as a data address."""
    return f'data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}'
