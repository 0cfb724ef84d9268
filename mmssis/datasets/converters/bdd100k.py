"""BDD100K's instance segmentation labels as COCO JSON."""

import json
import os
from functools import partial
from typing import Callable, List, Tuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from .bdd100k_labels import CLASSES, Size, instances_of_bitmask, instances_of_labels
from .image_list import coco_image_list

FORMATS = ('bitmasks', 'polygons', 'rles')

Labels = Callable[[Size], List[dict]]


def convert_bdd100k(root: str, split: str, source: str) -> dict:
    """Convert the labeled images of one split and their instances of the 8 classes.

    Args:
        root (str): Folder with ``images/10k/`` and ``labels/ins_seg/``.
        split (str): ``'train'`` or ``'val'``.
        source (str): One of :data:`FORMATS`. ``'bitmasks'``: PNG files in which an object hides
            what is behind it; ``'polygons'``: Scalabel JSON whose objects may overlap;
            ``'rles'``: Scalabel JSON with RLE.

    Returns:
        dict: COCO content; file names are relative to ``images/10k/{split}``, category ids are
        BDD100K's, crowds and ignored objects have ``iscrowd=1``.

    Raises:
        ValueError: If there are no labels, or one does not fit its image or the 8 classes.
        UnreadableImageError: If an image is missing.
    """
    folder = os.path.join(root, 'labels', 'ins_seg', source)
    frames = (_bitmask_frames if source == 'bitmasks' else _scalabel_frames)(folder, split)
    content = coco_image_list(os.path.join(root, 'images', '10k', split),
                              [name for name, _ in frames],
                              f'BDD100K instance segmentation, {split}, from {source}')
    content['categories'] = [dict(id=i, name=name) for i, name in enumerate(CLASSES, 1)]
    for image, (_, labels) in zip(content['images'], tqdm(frames, unit=' images', disable=None)):
        for annotation in labels((image['height'], image['width'])):
            annotation.update(id=len(content['annotations']) + 1, image_id=image['id'])
            content['annotations'].append(annotation)
    return content


def list_unlabeled(root: str) -> dict:
    """List the training images of the 100K set that are not in the 10K set: about 67,000.

    The two sets share images, some of them with masks, some in the validation split.

    Args:
        root (str): Folder with ``images/100k/train`` and ``images/10k/``.

    Returns:
        dict: COCO content without labels; file names are relative to ``images/100k/train``.

    Raises:
        ValueError: If a folder is missing or no image is left.
        UnreadableImageError: If an image cannot be read.
    """
    folder = os.path.join(root, 'images', '100k', 'train')
    known = {name for split in ('train', 'val', 'test')
             for name in _files(os.path.join(root, 'images', '10k', split), '.jpg')}
    names = [name for name in _files(folder, '.jpg') if name not in known]
    if not names:
        raise ValueError(f'Every image of {folder} is in images/10k too: unpack the 100K images.')
    return coco_image_list(folder, names, 'BDD100K images without masks')


def _bitmask_frames(folder: str, split: str) -> List[Tuple[str, Labels]]:
    """Image name and reader of the labels, for each bitmask of a split."""
    folder = os.path.join(folder, split)
    return [(name[:-len('.png')] + '.jpg', partial(_read_bitmask, os.path.join(folder, name)))
            for name in _files(folder, '.png')]


def _read_bitmask(path: str, size: Size) -> List[dict]:
    """Annotations of a bitmask file."""
    with Image.open(path) as image:
        pixels = np.asarray(image)
    if pixels.shape != (*size, 4):
        raise ValueError(f'{path} is {pixels.shape}, it should be {(*size, 4)}: use the RGBA files '
                         'of ins_seg/bitmasks, not the colormaps.')
    try:
        return instances_of_bitmask(pixels)
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error


def _scalabel_frames(folder: str, split: str) -> List[Tuple[str, Labels]]:
    """Image name and reader of the labels, for each frame of a split's file."""
    path = os.path.join(folder, f'ins_seg_{split}.json')
    if not os.path.isfile(path):
        raise ValueError(f'{path} is not there. Unpack the instance segmentation labels.')
    with open(path, encoding='utf-8') as file:
        content = json.load(file)
    frames = content['frames'] if isinstance(content, dict) else content
    return [(frame['name'], partial(_read_frame, path, frame))
            for frame in sorted(frames, key=lambda frame: frame['name'])]


def _read_frame(path: str, frame: dict, size: Size) -> List[dict]:
    """Annotations of a frame of a Scalabel file."""
    try:
        return instances_of_labels(frame.get('labels') or [], size)
    except ValueError as error:
        raise ValueError(f'{path}, {frame["name"]}: {error}') from error


def _files(folder: str, ending: str) -> List[str]:
    """Sorted names of the files of a folder."""
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    names = [name for name in names if name.endswith(ending)]
    if not names:
        raise ValueError(f'No *{ending} in {folder}: unpack the archives of BDD100K there.')
    return names
