"""Labeled images to measure pseudo labels on."""

from collections import Counter
from typing import Dict, List, Sequence, Set

import numpy as np
from mmengine.dataset import BaseDataset

LEAST_IMAGES = 10
"""Of fewer labeled images none is held out: they are too few to learn from as it is."""


def indices_of_images(dataset: BaseDataset) -> List[List[int]]:
    """Indices of each image, of which a repeated data set has several.

    Args:
        dataset: labeled images.
    """
    found: Dict[str, List[int]] = {}
    for i in range(len(dataset)):
        found.setdefault(dataset.get_data_info(i)['img_path'], []).append(i)
    return list(found.values())


def classes_of_images(dataset: BaseDataset, indices: Sequence[int]) -> List[Set[int]]:
    """Classes of the instances of images, without those that are ignored.

    Args:
        dataset: labeled images.
        indices: of the images.
    """
    return [{instance['bbox_label'] for instance in dataset.get_data_info(i)['instances']
             if not instance['ignore_flag']} for i in indices]


def draw_images(classes: Sequence[Set[int]], most: int, seed: int) -> List[int]:
    """Draw images with instances.

    Args:
        classes: of each image, from :func:`classes_of_images`.
        most: number of images at most.
        seed: of the draw.

    Returns:
        Their indices.
    """
    order = np.random.default_rng(seed).permutation(len(classes)).tolist()
    return [i for i in order if classes[i]][:most]


def draw_held_out(classes: Sequence[Set[int]], share: float, most: int, seed: int,
                  least: int = LEAST_IMAGES) -> List[int]:
    """Draw images to hold out; every class keeps an image to be learned from.

    Args:
        classes: of each image, from :func:`classes_of_images`.
        share: of the images, in [0, 0.5].
        most: number of images at most.
        seed: of the draw.
        least: of fewer images none is held out.

    Returns:
        Their indices.
    """
    left = Counter(label for image in classes for label in image)
    wanted = min(round(share * len(classes)), most) if len(classes) >= least else 0
    chosen: List[int] = []
    for i in draw_images(classes, len(classes), seed):
        if len(chosen) < wanted and all(left[label] > 1 for label in classes[i]):
            left.subtract(classes[i])
            chosen.append(i)
    return chosen
