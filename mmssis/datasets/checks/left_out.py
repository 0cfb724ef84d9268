"""Which annotations and images of a COCO file are not learned from, and why."""

from collections import Counter
from dataclasses import dataclass, field
from math import isfinite
from typing import Collection, Optional

from mmdet.datasets import CocoDataset

from mmssis.utils.coco_file import CocoBox, CocoFile, CocoImage

from ..box_labeled_coco_dataset import BoxLabeledCocoDataset

CROWD, OTHER = 'iscrowd=1', 'other'
NOT_A_CLASS, NOT_CHOSEN = 'no class of classes', 'not chosen'
# What a config asks for is no loss.
ASKED_FOR = (NOT_A_CLASS, NOT_CHOSEN)
SMALL_IMAGE, EMPTY_IMAGE = 'image too small', 'without objects'
# What follows "3 of 9 annotations", and what to do about it.
REASONS = {
    CROWD: ('have iscrowd=1', 'Set "iscrowd" to 0 for single objects; some tools write 1 for every '
            'RLE.'),
    'area 0': ('have area 0', 'Write the pixels of the mask into "area".'),
    'outside': ('lie outside of the image', 'Correct their boxes, or width and height of the '
                'images.'),
    'below a pixel': ('are smaller than a pixel', 'Boxes are in pixels, not in shares of the '
                      'image; remove what is so small.'),
    'not finite': ('have a box that is not finite', 'Correct their boxes.'),
    'ignore=1': ('have ignore=1', 'Take "ignore" out to learn from them.'),
    NOT_A_CLASS: ('are of a class that is not in data_set.classes', 'Name it there.'),
    SMALL_IMAGE: ('are on images that are too small', 'Set filter_cfg.min_size of the data set.'),
    NOT_CHOSEN: ('are on images that are not chosen', 'Choose others.'),
    OTHER: ('are left out by the data set', 'Look at its class and its filter_cfg.'),
}


@dataclass
class LeftOut:
    """What a data set does not take from its file.

    Attributes:
        annotations: number of annotations by reason.
        images: number of images by reason.
        total: annotations of the file.
        images_with: number of images with an annotation that is not left out.
        labels: number of annotations that are not left out, by label.
    """

    annotations: Counter = field(default_factory=Counter)
    images: Counter = field(default_factory=Counter)
    total: int = 0
    images_with: int = 0
    labels: Counter = field(default_factory=Counter)

    def __add__(self, other: 'LeftOut') -> 'LeftOut':
        """Both together."""
        return LeftOut(self.annotations + other.annotations, self.images + other.images,
                       self.total + other.total, self.images_with + other.images_with,
                       self.labels + other.labels)


def count_left_out(coco: CocoFile, leaf: CocoDataset, image_ids: Collection,
                   num_instances: int, evaluated: bool = False) -> LeftOut:
    """Say of every annotation whether it is learned from, by the rules of mmdet's ``CocoDataset``.

    Args:
        coco: the annotation file.
        leaf: the data set that was built of it.
        image_ids: images that the data set has.
        num_instances: instances that it has, without regions to ignore. Where the rules say
            otherwise, the difference counts as ``'other'``.
        evaluated: whether the file is evaluated: COCO's evaluator leaves out crowd regions alone.
    """
    kept, categories = set(image_ids), set(leaf.cat_ids)
    boxes_only = isinstance(leaf, BoxLabeledCocoDataset)
    images = {image.id: image for image in coco.images}
    left_out, with_objects, images_with = LeftOut(total=coco.num_annotations), set(), set()
    for annotation in coco.annotations(CocoBox):
        image = images.get(annotation.image_id)
        if annotation.category_id in categories:
            with_objects.add(annotation.image_id)
            reason = _of_annotation(annotation, image, evaluated, boxes_only)
        else:
            reason = NOT_A_CLASS
        if reason != NOT_A_CLASS and annotation.image_id not in kept:
            reason = _of_image(image, leaf, with_objects=True)
        if reason:
            left_out.annotations[reason] += 1
        else:
            left_out.labels[leaf.cat2label[annotation.category_id]] += 1
            images_with.add(annotation.image_id)
    left_out.images_with = len(images_with)
    left_out.images.update(_of_image(image, leaf, image.id in with_objects)
                           for image in coco.images if image.id not in kept)
    if not evaluated:
        missing = left_out.total - left_out.annotations.total() - num_instances
        left_out.annotations[OTHER] += max(missing, 0)
    left_out.annotations = +left_out.annotations
    return left_out


def _of_annotation(annotation: CocoBox, image: Optional[CocoImage], evaluated: bool,
                   boxes_only: bool) -> Optional[str]:
    """Why an annotation of a known class is left out; None if it is not."""
    if annotation.iscrowd:
        return CROWD
    if evaluated or image is None:
        return None if image else OTHER
    left, top, width, height = annotation.bbox
    if annotation.ignore:
        return 'ignore=1'
    if not isfinite(left + top + width + height):
        return 'not finite'
    if width < 1 or height < 1:
        return 'below a pixel'
    if annotation.area is not None and annotation.area <= 0 and not boxes_only:
        return 'area 0'
    if min(left + width, image.width) <= max(left, 0) or min(
            top + height, image.height) <= max(top, 0):
        return 'outside'
    return None


def _of_image(image: Optional[CocoImage], leaf: CocoDataset, with_objects: bool) -> str:
    """Why an image of the file is not in the data set."""
    rules = {} if leaf.test_mode else leaf.filter_cfg or {}
    if image is None:
        return OTHER
    if rules.get('filter_empty_gt') and not with_objects:
        return EMPTY_IMAGE
    if min(image.width, image.height) < rules.get('min_size', 0):
        return SMALL_IMAGE
    return NOT_CHOSEN
