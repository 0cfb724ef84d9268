"""A list of unlabeled images without those that are labeled or validated on."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Collection

from mmssis.datasets.leaf_datasets import leaf_datasets

from .data_files import DataFiles


def list_unlabeled(files: DataFiles, dataset: object, kept: Collection[str], folder: Path,
                   stem: str) -> DataFiles:
    """Write ``{stem}_unlabeled.json``, a COCO file of images without annotations.

    Args:
        files: the data set.
        dataset: its unlabeled images.
        kept: paths of the images to list, as the data set has them; at least one.
        folder: where to write.
        stem: start of the name.

    Returns:
        The data set with this file in place of its unlabeled images.

    Raises:
        UnreadableImageError: if the size of an image cannot be read.
    """
    images = []
    for leaf in leaf_datasets(dataset):
        for index in range(len(leaf)):
            info = leaf.get_data_info(index)
            if info['img_path'] in kept:
                name = os.path.relpath(info['img_path'], files.unlabeled_images)
                images.append(dict(id=len(images) + 1, file_name=name, width=info['width'],
                                   height=info['height']))
    path = folder / f'{stem}_unlabeled.json'
    content = dict(images=images, annotations=[], categories=[])
    path.write_text(json.dumps(content), encoding='utf-8')
    return replace(files, unlabeled=path)
