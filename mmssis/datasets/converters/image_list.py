"""A COCO file that lists images without labels."""

import os
from typing import Sequence

from tqdm import tqdm

from ..image_header import shown_size


def coco_image_list(folder: str, names: Sequence[str], description: str) -> dict:
    """Content of a COCO file for ``UnlabeledCocoDataset``: only the images' headers are read.

    Args:
        folder (str): Folder that the names are relative to.
        names (Sequence[str]): Image files.
        description (str): What they are, for ``info``.

    Returns:
        dict: COCO content with images in the order of the names, and neither annotations nor
        categories.

    Raises:
        UnreadableImageError: If an image is missing or is none.
    """
    images = []
    for image_id, name in enumerate(tqdm(names, unit=' images', disable=None), 1):
        width, height = shown_size(os.path.join(folder, name))
        images.append(dict(id=image_id, file_name=name, height=height, width=width))
    return dict(info=dict(description=description), images=images, annotations=[], categories=[])
