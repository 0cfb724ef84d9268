"""The files of a small review: one labeled image, four unlabeled ones, three pseudo labels."""

import json

import numpy as np
from pycocotools import mask as coco_mask

from mmssis.review.decisions import PROPOSALS, review_id
from mmssis.review.journal import Base, Journal

CLASSES = ['nut "M4"', 'Öse']


def rle(top, left, height, width):
    """A rectangle on an image of 40 x 30 (width x height)."""
    mask = np.zeros((30, 40), np.uint8)
    mask[top:top + height, left:left + width] = 1
    found = coco_mask.encode(np.asfortranarray(mask))
    return dict(found, counts=found['counts'].decode())


def image(number, name):
    return dict(id=number, file_name=name, width=40, height=30)


def label(number, image_id, category, *box):
    mask = rle(*box)
    return dict(id=number, image_id=image_id, category_id=category, segmentation=mask,
                bbox=coco_mask.toBbox(mask).tolist(), area=int(coco_mask.area(mask)), iscrowd=0,
                score=0.9)


def write_toy_review(folder):
    """Write the files; returns the journal."""
    review = folder / 'review'
    review.mkdir()
    # Category ids and their order differ from the labeled file's.
    proposals = dict(
        images=[image(11, 'a.jpg'), image(12, 'sub/b.jpg'), image(13, 'empty.jpg')],
        annotations=[label(1, 11, 1, 2, 2, 8, 8), label(2, 11, 2, 15, 20, 8, 12),
                     label(3, 12, 1, 5, 5, 20, 20)],
        categories=[dict(id=1, name=CLASSES[0]), dict(id=2, name=CLASSES[1])])
    labeled = dict(
        info=dict(note='kept'), images=[image(7, 'old.jpg')],
        annotations=[dict(label(5, 7, 30, 1, 1, 9, 9), further='kept')],
        categories=[dict(id=30, name=CLASSES[1]), dict(id=40, name=CLASSES[0])])
    listed = dict(images=[*proposals['images'], image(14, 'later.jpg')], annotations=[],
                  categories=[])
    for path, content in ((review / PROPOSALS, proposals), (folder / 'labeled.json', labeled),
                          (review / 'unlabeled.0.json', listed)):
        path.write_text(json.dumps(content, ensure_ascii=False), encoding='utf-8')
    journal = Journal(review, Base('../labeled.json', '../images', 'unlabeled.0.json', '../more'))
    journal.write()
    return journal


def write_decisions(folder, images):
    """Decisions by file name: status, and by id of a label 'accept', 'reject' or a class."""
    content = dict(review=review_id(folder / 'review' / PROPOSALS), images=[
        dict(file_name=name, status=status, instances={
            key: dict(decision=word) if word in ('accept', 'reject')
            else dict(decision='accept', category=word) for key, word in instances.items()})
        for name, (status, instances) in images.items()])
    path = folder / 'decisions.json'
    path.write_text(json.dumps(content), encoding='utf-8')
    return path
