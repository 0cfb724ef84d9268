"""PASCAL VOC 2012 and the Semantic Boundaries Dataset (SBD) as COCO JSON."""

import os
import zlib
from functools import partial
from typing import Callable, Dict, List, Tuple

import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask
from scipy.io import loadmat
from scipy.io.matlab import MatReadError
from tqdm import tqdm

from ..checks.coco_validation import shorten
from .image_list import coco_image_list

CLASSES = ('aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat', 'chair', 'cow',
           'diningtable', 'dog', 'horse', 'motorbike', 'person', 'pottedplant', 'sheep', 'sofa',
           'train', 'tvmonitor')
VOID = 255
MIN_SHARE = 0.9
"""Share of an object's pixels that must be of one class."""

Labels = Tuple[np.ndarray, Dict[int, int]]
"""Instance ids (H, W), 0 for nothing, and the category id of each."""


def convert_val(root: str) -> dict:
    """Convert the 1,449 validation images of VOC 2012.

    Args:
        root (str): ``VOCdevkit/VOC2012``, with JPEGImages/, ImageSets/Segmentation/,
            SegmentationClass/ and SegmentationObject/.

    Returns:
        dict: COCO content; file names are relative to JPEGImages/, category ids are VOC's, 1 to
        20. Void pixels belong to no object.

    Raises:
        ValueError: If a file or an image is missing or damaged, or labels contradict each other.
    """
    names = read_names(os.path.join(root, 'ImageSets', 'Segmentation', 'val.txt'))
    readers = {name: partial(read_voc, root, name) for name in names}
    return _convert(root, readers, 'PASCAL VOC 2012 val')


def convert_train_sbd(root: str, sbd: str) -> dict:
    """Convert all other labeled images: VOC 2012 train and SBD, 10,582 together.

    SBD's own validation set holds images of VOC's; those are left out. Where an image is in both,
    VOC's labels are taken, which are drawn with more care.

    Args:
        root (str): As in :func:`convert_val`; the images of SBD are those of VOC.
        sbd (str): ``benchmark_RELEASE/dataset``, with inst/, train.txt and val.txt.

    Returns:
        dict: As :func:`convert_val`.

    Raises:
        ValueError: As :func:`convert_val`.
    """
    sets = os.path.join(root, 'ImageSets', 'Segmentation')
    readers: Dict[str, Callable[[], Labels]] = {
        name: partial(read_sbd, sbd, name) for part in ('train.txt', 'val.txt')
        for name in read_names(os.path.join(sbd, part))}
    readers.update({name: partial(read_voc, root, name)
                    for name in read_names(os.path.join(sets, 'train.txt'))})
    for name in read_names(os.path.join(sets, 'val.txt')):
        readers.pop(name, None)
    return _convert(root, readers, 'PASCAL VOC 2012 train and SBD, without VOC 2012 val')


def read_names(path: str) -> List[str]:
    """Image names of a list, one a line.

    Raises:
        ValueError: If the list is missing or empty.
    """
    if not os.path.isfile(path):
        raise ValueError(f'{path} is not there: give VOCdevkit/VOC2012 and '
                         'benchmark_RELEASE/dataset as unpacked from the archives.')
    with open(path, encoding='utf-8') as file:
        names = file.read().split()
    if not names:
        raise ValueError(f'{path} names no image: unpack it again.')
    return names


def read_voc(root: str, name: str) -> Labels:
    """Objects of an image of VOC, from its two PNG files.

    Args:
        root (str): As in :func:`convert_val`.
        name (str): Name of the image, without ending.

    Returns:
        tuple: Instance ids (H, W), and the category id of each. A pixel on which the two files
        disagree belongs to nothing.

    Raises:
        ValueError: If a file is missing, damaged or of another size, or more than a tenth of an
            object is of another class.
    """
    path = os.path.join(root, 'SegmentationClass', f'{name}.png')
    classes = _read_png(path)
    ids = _read_png(os.path.join(root, 'SegmentationObject', f'{name}.png'))
    if classes.shape != ids.shape:
        raise ValueError(f'{path} is {classes.shape}, SegmentationObject {ids.shape}.')
    ids = np.where((ids == VOID) | (classes == VOID), 0, ids)
    categories = {}
    for value in set(np.unique(ids).tolist()) - {0}:
        counts = np.bincount(classes[ids == value])
        categories[value] = int(counts.argmax())
        if counts.max() < MIN_SHARE * counts.sum() or not 1 <= counts.argmax() <= len(CLASSES):
            raise ValueError(f'{path} gives object {value} of SegmentationObject the classes '
                             f'{np.flatnonzero(counts).tolist()}, it should be one of 1 to '
                             f'{len(CLASSES)}: are both files of the same release?')
        ids[(ids == value) & (classes != categories[value])] = 0
    return ids, categories


def read_sbd(sbd: str, name: str) -> Labels:
    """Objects of an image of SBD, from its MATLAB file.

    Args:
        sbd (str): As in :func:`convert_train_sbd`.
        name (str): Name of the image, without ending.

    Returns:
        tuple: Instance ids (H, W), and the category id of each.

    Raises:
        ValueError: If the file is missing or damaged, or an object has no class.
    """
    path = os.path.join(sbd, 'inst', f'{name}.mat')
    try:
        content = loadmat(path, variable_names=['GTinst'])['GTinst'][0, 0]
        ids = content['Segmentation']
        categories = content['Categories'].ravel().astype(int).tolist()
    except (OSError, ValueError, KeyError, IndexError, TypeError, NotImplementedError, zlib.error,
            MatReadError) as error:
        raise ValueError(f'{path} cannot be read: missing, damaged, or no file of SBD. Unpack it '
                         f'again. ({type(error).__name__}: {error})') from error
    if ids.max(initial=0) > len(categories) or not set(categories) <= set(range(1, 21)):
        raise ValueError(f'{path} has objects up to {ids.max(initial=0)} with the classes '
                         f'{categories}, it should be one of 1 to {len(CLASSES)} for each.')
    return ids, dict(enumerate(categories, 1))


def instances_of(ids: np.ndarray, categories: Dict[int, int]) -> List[dict]:
    """Annotations of the objects of an image.

    Args:
        ids (ndarray): (H, W) instance ids, 0 for nothing.
        categories (dict[int, int]): Category id of each instance id.

    Returns:
        list[dict]: COCO annotations without ``id`` and ``image_id``, by instance id; masks are
        RLE, boxes tight. An object without a pixel is left out.
    """
    annotations = []
    for value, category in sorted(categories.items()):
        rle = coco_mask.encode(np.asfortranarray(ids == value, dtype=np.uint8))
        if coco_mask.area(rle) > 0:
            annotations.append(dict(
                category_id=category,
                iscrowd=0,
                area=int(coco_mask.area(rle)),
                bbox=coco_mask.toBbox(rle).tolist(),
                segmentation=dict(size=list(rle['size']), counts=rle['counts'].decode())))
    return annotations


def _convert(root: str, readers: Dict[str, Callable[[], Labels]], description: str) -> dict:
    """COCO content of images, by name, in sorted order."""
    folder, names = os.path.join(root, 'JPEGImages'), sorted(readers)
    files = [f'{name}.jpg' for name in names]
    missing = [file for file in files if not os.path.isfile(os.path.join(folder, file))]
    if missing:
        raise ValueError(f'{len(missing)} of {len(files)} images are not in {folder}: '
                         f'{shorten(missing)}. The images of SBD are those of VOC 2012: unpack '
                         'VOCtrainval_11-May-2012.tar there.')
    content = coco_image_list(folder, files, description)
    content['categories'] = [dict(id=i, name=name) for i, name in enumerate(CLASSES, 1)]
    for image, name in zip(content['images'], tqdm(names, unit=' images', disable=None)):
        ids, categories = readers[name]()
        if ids.shape != (image['height'], image['width']):
            raise ValueError(f'The labels of {name} are {ids.shape}, its image is '
                             f'{(image["height"], image["width"])}.')
        for annotation in instances_of(ids, categories):
            annotation.update(id=len(content['annotations']) + 1, image_id=image['id'])
            content['annotations'].append(annotation)
    return content


def _read_png(path: str) -> np.ndarray:
    """Palette indices of a PNG file, (H, W) uint8."""
    try:
        with Image.open(path) as image:
            pixels = np.asarray(image)
    except (OSError, SyntaxError) as error:
        raise ValueError(f'{path} cannot be read: missing or damaged. Unpack it again. '
                         f'({type(error).__name__}: {error})') from error
    if pixels.ndim != 2:
        raise ValueError(f'{path} holds colours, it should hold palette indices: use the file of '
                         'the archive.')
    return pixels
