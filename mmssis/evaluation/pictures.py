"""Pictures as files: one for each image, and an error where there is none."""

import os
from pathlib import Path
from typing import Dict, Sequence

import cv2
import numpy as np


def write_picture(path: Path, picture: np.ndarray) -> None:
    """Write a picture as PNG; its folder is made.

    Args:
        path: file to write, an earlier one is replaced.
        picture: (H, W, 3) RGB, uint8.

    Raises:
        OSError: if the folder or the file cannot be written; it has the path.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # cv2.imwrite says only that it failed.
    path.write_bytes(cv2.imencode('.png', cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes())


def picture_names(images: Sequence[Path]) -> Dict[Path, Path]:
    """Names of the pictures of images, one for each.

    Args:
        images: paths of different images.

    Returns:
        Image to a name below the deepest folder that holds all of them, with sub-folders. The
        ending is ``.png``; where that makes two names equal, it follows the image's own in all:
        ``1.jpg.png``.
    """
    full = [Path(os.path.abspath(image)) for image in images]
    root = os.path.commonpath([path.parent for path in full]) if full else ''
    names = [path.relative_to(root) for path in full]
    short = [name.with_suffix('.png') for name in names]
    if len(set(short)) < len(short):
        short = [name.with_name(f'{name.name}.png') for name in names]
    return dict(zip(images, short))
