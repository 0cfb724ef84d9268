"""Cityscapes' gtFine annotations as COCO JSON."""

import json
import os

import numpy as np
from PIL import Image, ImageDraw
from pycocotools import mask as coco_mask
from tqdm import tqdm

from .image_list import coco_image_list

LABEL_IDS = {
    'unlabeled': 0, 'ego vehicle': 1, 'rectification border': 2, 'out of roi': 3, 'static': 4,
    'dynamic': 5, 'ground': 6, 'road': 7, 'sidewalk': 8, 'parking': 9, 'rail track': 10,
    'building': 11, 'wall': 12, 'fence': 13, 'guard rail': 14, 'bridge': 15, 'tunnel': 16,
    'pole': 17, 'polegroup': 18, 'traffic light': 19, 'traffic sign': 20, 'vegetation': 21,
    'terrain': 22, 'sky': 23, 'person': 24, 'rider': 25, 'car': 26, 'truck': 27, 'bus': 28,
    'caravan': 29, 'trailer': 30, 'train': 31, 'motorcycle': 32, 'bicycle': 33
}
CLASSES = ('person', 'rider', 'car', 'truck', 'bus', 'train', 'motorcycle', 'bicycle')
IMAGE_ENDING = '_leftImg8bit.png'
INSTANCES_ENDING = '_gtFine_instanceIds.png'
POLYGONS_ENDING = '_gtFine_polygons.json'


def convert_cityscapes(root: str, split: str) -> dict:
    """Convert the images of one split and their instances of the 8 classes.

    Args:
        root (str): Folder with ``leftImg8bit/`` and ``gtFine/``.
        split (str): ``'train'`` or ``'val'``.

    Returns:
        dict: COCO content; file names are relative to ``leftImg8bit/{split}``, category ids are
        Cityscapes' label ids, groups have ``iscrowd=1``.

    Raises:
        ValueError: If there are no images, or an image has no annotation file.
    """
    names = _image_names(os.path.join(root, 'leftImg8bit', split))
    categories = [dict(id=LABEL_IDS[name], name=name) for name in CLASSES]
    content: dict = dict(
        info=dict(description=f'Cityscapes gtFine {split}, instances of 8 classes'),
        images=[], annotations=[], categories=categories)
    for image_id, name in enumerate(tqdm(names, unit=' images', disable=None), 1):
        ids = read_instance_ids(os.path.join(root, 'gtFine', split, name[:-len(IMAGE_ENDING)]))
        height, width = ids.shape
        content['images'].append(dict(id=image_id, file_name=name, height=height, width=width))
        for annotation in instances_of(ids):
            annotation.update(id=len(content['annotations']) + 1, image_id=image_id)
            content['annotations'].append(annotation)
    return content


def list_unlabeled(root: str, split: str = 'train_extra') -> dict:
    """List the images of a split without labels, coarse ones included.

    Args:
        root (str): Folder with ``leftImg8bit/``.
        split (str): ``'train_extra'``: the 19,998 images with coarse labels, which are not read.

    Returns:
        dict: COCO content without labels; file names are relative to ``leftImg8bit/{split}``.

    Raises:
        ValueError: If there are no images.
        UnreadableImageError: If an image cannot be read.
    """
    folder = os.path.join(root, 'leftImg8bit', split)
    return coco_image_list(folder, _image_names(folder), f'Cityscapes {split} without labels')


def _image_names(folder: str) -> list[str]:
    """Sorted image paths ``city/name`` below a folder."""
    names = [os.path.relpath(os.path.join(city, file), folder)
             for city, _, files in os.walk(folder) for file in files if file.endswith(IMAGE_ENDING)]
    if not names:
        raise ValueError(f'No image *{IMAGE_ENDING} below {folder}. The folder must hold '
                         'leftImg8bit/ and gtFine/ as unpacked from the archives.')
    return sorted(names)


def read_instance_ids(prefix: str) -> np.ndarray:
    """Read the instance ids of an image.

    Args:
        prefix (str): Path without ending; ``_gtFine_instanceIds.png`` is read, or where that is
            missing ``_gtFine_polygons.json``.

    Returns:
        ndarray: (H, W) int32; label id * 1000 + number for an instance, label id for everything
        else, groups included.

    Raises:
        ValueError: If neither file is there.
    """
    if os.path.isfile(prefix + INSTANCES_ENDING):
        with Image.open(prefix + INSTANCES_ENDING) as image:
            return np.asarray(image).astype(np.int32)
    if os.path.isfile(prefix + POLYGONS_ENDING):
        with open(prefix + POLYGONS_ENDING, encoding='utf-8') as file:
            return draw_polygons(json.load(file))
    raise ValueError(f'There is neither {prefix}{INSTANCES_ENDING} nor {prefix}{POLYGONS_ENDING}.')


def draw_polygons(annotation: dict) -> np.ndarray:
    """Draw polygons over one another, in the order of the file.

    Args:
        annotation (dict): Content of a ``_gtFine_polygons.json``.

    Returns:
        ndarray: (H, W) int32, as :func:`read_instance_ids`.
    """
    canvas = Image.new('I', (annotation['imgWidth'], annotation['imgHeight']), 0)
    draw = ImageDraw.Draw(canvas)
    num_instances = dict.fromkeys(CLASSES, 0)
    for item in annotation['objects']:
        label, is_group = item['label'], False
        if label not in LABEL_IDS and label.endswith('group'):
            label, is_group = label[:-len('group')], True
        # License plates and the like have no label id of their own and cover nothing.
        if item.get('deleted') or label not in LABEL_IDS:
            continue
        value = LABEL_IDS[label]
        if label in CLASSES and not is_group:
            value = value * 1000 + num_instances[label]
            num_instances[label] += 1
        draw.polygon([tuple(point) for point in item['polygon']], fill=value)
    return np.asarray(canvas).astype(np.int32)


def instances_of(ids: np.ndarray) -> list[dict]:
    """Annotations of the instances and groups of the 8 classes.

    Args:
        ids (ndarray): (H, W) instance ids, see :func:`read_instance_ids`.

    Returns:
        list[dict]: COCO annotations without ``id`` and ``image_id``; masks are RLE.
    """
    wanted = {LABEL_IDS[name] for name in CLASSES}
    annotations = []
    for value in np.unique(ids).tolist():
        label = value // 1000 if value >= 1000 else value
        if label not in wanted:
            continue
        rle = coco_mask.encode(np.asfortranarray(ids == value, dtype=np.uint8))
        annotations.append(dict(
            category_id=label,
            iscrowd=int(value < 1000),
            area=int(coco_mask.area(rle)),
            bbox=coco_mask.toBbox(rle).tolist(),
            segmentation=dict(size=list(rle['size']), counts=rle['counts'].decode())))
    return annotations
