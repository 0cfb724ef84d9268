"""Images whose samples take 16 bits and use fewer, such as the 12 bits of a camera.

How many bits are used is a property of the camera, so all images of a folder are read alike: where
the file does not state it, a few files of the folder show it, the same ones for every image.
"""

import os
from typing import Callable

import numpy as np
from mmengine.logging import print_log
from torch.utils.data import get_worker_info

from .image_errors import UnreadableImageError
from .image_header import ImageHeader

DEPTHS = (8, 10, 12, 14, 16)
"""Bits of cameras and scanners; in between, images of equal exposure would differ in brightness."""
NUM_SHOWN = 16
"""Files of a folder that are looked at."""
_told: set[int] = set()


def used_depth(image: np.ndarray) -> int:
    """Bits that an image needs, as cameras have them.

    Args:
        image (np.ndarray): Any shape, uint8 or uint16.

    Returns:
        int: One of ``DEPTHS``.
    """
    highest = int(image.max(initial=0)).bit_length()
    return next(depth for depth in DEPTHS if depth >= highest)


def folder_depth(path: str, read: Callable[[str], np.ndarray]) -> int:
    """Bits that the images of a folder need, as far as a few of them show it.

    Args:
        path (str): An image of the folder; files of the same ending are looked at.
        read (Callable): Path to pixels as stored, uint8 or uint16.

    Returns:
        int: One of ``DEPTHS``; the least one if no image can be read.
    """
    folder, ending = os.path.dirname(path), os.path.splitext(path)[1]
    try:
        names = sorted(name for name in os.listdir(folder or '.') if name.endswith(ending))
    except OSError:  # Not on this machine.
        return DEPTHS[0]
    depths = [DEPTHS[0]]
    for name in names[::-(-len(names) // NUM_SHOWN) or 1]:
        try:
            depths.append(used_depth(read(os.path.join(folder, name))))
        except UnreadableImageError:
            continue
    return max(depths)


def image_depth(image: np.ndarray, header: ImageHeader, of_folder: Callable[[], int]) -> int:
    """Bits that an image is to be read with.

    Args:
        image (np.ndarray): Any shape, uint16.
        header (ImageHeader): Of the file; what it states counts before the folder.
        of_folder (Callable): Gives the bits of its folder, see :func:`folder_depth`.

    Returns:
        int: In [8, 16], and enough for the image.
    """
    needed, stated = used_depth(image), header.depth
    if stated is None:
        return max(needed, of_folder())
    if header.format == 'PNG' and not (image & (2**(16 - stated) - 1) > 1).any():
        return 16  # As the standard has it: the significant bits are the upper ones.
    fits = int(image.max()).bit_length() <= stated
    return max(stated, DEPTHS[0]) if fits else needed


def to_uint8(image: np.ndarray, depth: int, header: ImageHeader) -> np.ndarray:
    """The upper 8 of the significant bits.

    Args:
        image (np.ndarray): Any shape, uint16, below 2 ** depth.
        depth (int): Significant bits, in [8, 16].
        header (ImageHeader): Of the file.

    Returns:
        np.ndarray: uint8 of the same shape; 0 is black.
    """
    scaled = (image >> (depth - 8)).astype(np.uint8)
    return 255 - scaled if header.min_is_white else scaled


def tell_depth(depth: int, path: str) -> None:
    """Warn, once for each number of bits, that values are scaled by less than 256."""
    worker = get_worker_info()
    if depth == 16 or depth in _told or (worker is not None and worker.id):
        return
    _told.add(depth)
    print_log(
        f'{path} and other images keep {depth} bits in samples of 16: they are divided by '
        f'{2**(depth - 8)}, since 256 would leave them dark. To say so for every image, set '
        f'image_loading = dict(bits={depth}) in the config; bits=16 divides by 256.',
        logger='current', level=30)
