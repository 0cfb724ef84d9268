"""How much two predictions of one image differ."""

from typing import NamedTuple, Sequence

import numpy as np
from pycocotools import mask as coco_mask
from scipy.optimize import linear_sum_assignment

MIN_IOU = 0.5
"""Masks that overlap less are two objects."""
TIE = 1e-6
"""Worth of an equal class, where masks overlap equally."""


class Seen(NamedTuple):
    """Instances that a model sees in an image.

    Attributes:
        masks: N masks as compressed RLE, all of one image size.
        labels: N classes, places in the class names.
    """

    masks: Sequence[dict]
    labels: Sequence[int]


def disagreement(first: Seen, second: Seen) -> float:
    """Disagreement of two predictions of an image, such as those of teacher and student.

    Masks are matched one to one, whatever their classes, so that the sum of IoU is the largest;
    pairs with an IoU below 0.5 are not matched. An object is a matched pair, or an instance
    without a partner. A pair of one class differs by 1 - IoU, a pair of two classes and an
    instance without a partner by 1. The disagreement is the mean over the objects.

    Inconsistent predictions as a sign of what a label would teach: Elezi et al., "Not All Labels
    Are Equal", CVPR 2022; Yu et al., "Consistency-Based Active Learning for Object Detection",
    CVPR Workshops 2022. Both compare boxes of an image and its flipped view.

    Args:
        first: instances of one prediction.
        second: instances of the other, on the same image.

    Returns:
        In [0, 1]; 0 where neither sees anything.
    """
    num_objects = len(first.labels) + len(second.labels)
    if not len(first.labels) or not len(second.labels):
        return float(num_objects > 0)
    ious = np.asarray(coco_mask.iou(list(first.masks), list(second.masks),
                                    [0] * len(second.masks)))
    same_class = np.equal.outer(np.asarray(first.labels), np.asarray(second.labels))
    # Below the limit a pair is worth nothing, so that it takes no partner from a better one.
    worth = np.where(ious >= MIN_IOU, ious + TIE * same_class, 0)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    pairs = [(i, j) for i, j in zip(rows, columns) if ious[i, j] >= MIN_IOU]
    num_objects -= len(pairs)
    agreed = sum(ious[i, j] for i, j in pairs if first.labels[i] == second.labels[j])
    return float(1 - agreed / num_objects)
