"""New labels joined to a COCO file, and images taken out of a list; nothing given is changed."""

from typing import Any, Collection, Dict, Iterator, List, Sequence, Tuple

import numpy as np
from pycocotools import mask as coco_mask

Content = Dict[str, Any]


def join_labels(labeled: Content, additions: Sequence[Tuple[dict, Sequence[dict]]],
                categories: Sequence[dict]) -> Content:
    """A labeled file with more images.

    Args:
        labeled: content of the file.
        additions: images (``file_name`` as the file has it, ``width``, ``height``), each with its
            annotations (``category_id``, ``segmentation`` as an RLE, or polygons).
        categories: of the annotations; they are matched with those of the file by name.

    Returns:
        The content with the images and annotations at the end, under ids of their own.

    Raises:
        ValueError: if an image is in the file, or the file lacks a category.
    """
    ids = _category_ids(labeled['categories'], categories)
    names = {image['file_name'] for image in labeled['images']}
    image_ids = _new_ids(labeled['images'])
    item_ids = _new_ids(labeled['annotations'])
    images, annotations = [], []
    for image, items in additions:
        if image['file_name'] in names:
            raise ValueError(f'Image {image["file_name"]!r} is labeled already')
        images.append(dict(id=next(image_ids), file_name=image['file_name'],
                           width=image['width'], height=image['height']))
        annotations += [dict(id=next(item_ids), image_id=images[-1]['id'],
                             category_id=ids[item['category_id']], **shape_of(item, image))
                        for item in items]
    return dict(labeled, images=[*labeled['images'], *images],
                annotations=[*labeled['annotations'], *annotations])


def leave_out(unlabeled: Content, names: Collection[str]) -> Content:
    """A list of images without some.

    Args:
        unlabeled: content of the list, a COCO file.
        names: file names to leave out.

    Returns:
        The rest, in its order.
    """
    return dict(unlabeled, images=[image for image in unlabeled['images']
                                   if image['file_name'] not in names])


def shape_of(item: dict, image: dict) -> Dict[str, Any]:
    """Mask, box and area of an annotation.

    Args:
        item: its ``segmentation`` is an RLE or a list of polygons.
        image: its ``height`` and ``width``.

    Returns:
        ``segmentation`` as it was, ``bbox`` and ``area`` of its pixels, ``iscrowd`` = 0.
    """
    mask = item['segmentation']
    rle = mask
    if isinstance(mask, list) or isinstance(mask['counts'], list):
        rle = coco_mask.frPyObjects(mask, image['height'], image['width'])
        rle = coco_mask.merge(rle) if isinstance(rle, list) else rle
    return dict(segmentation=mask, bbox=np.asarray(coco_mask.toBbox(rle)).tolist(),
                area=int(coco_mask.area(rle)), iscrowd=0)


def _category_ids(known: Sequence[dict], categories: Sequence[dict]) -> Dict[Any, Any]:
    """Ids of categories to those of the labeled file."""
    by_name = {category['name']: category['id'] for category in known}
    missing = [each['name'] for each in categories if each['name'] not in by_name]
    if missing:
        raise ValueError(f'The labeled file lacks the class {missing[0]!r}: it has '
                         f'{list(by_name)}')
    return {each['id']: by_name[each['name']] for each in categories}


def _new_ids(entries: List[dict]) -> Iterator[Any]:
    """Ids that no entry has, numbers or texts as those are."""
    used = {entry['id'] for entry in entries}
    if any(isinstance(each, str) for each in used):
        numbers = iter(range(1, 1 << 62))
        yield from (name for number in numbers if (name := f'reviewed-{number}') not in used)
    yield from range(max(used, default=0) + 1, 1 << 62)
