"""Which classes are taken for which: the confusion matrix of masks (PL-DC, Fig. 3)."""

from typing import List, Sequence, Tuple

import torch
from torch import Tensor

from .judged_instances import JudgedInstances
from .pseudo_label_quality import match_greedily


def confusion_matrix(image: JudgedInstances, num_classes: int, iou_thr: float = 0.5) -> Tensor:
    """Confusion of the classes of one image's instances; matrices of images may be added up.

    Instances are matched to the truth one to one by mask IoU, the largest first, whatever the
    class. A second instance of an object is therefore background that was taken for an object.

    Args:
        image: instances beside their truth.
        num_classes: K.
        iou_thr: smallest mask IoU of a match, in (0, 1].

    Returns:
        (K + 1, K + 1) long: true classes in rows, those of the instances in columns. The last row
        is what matches no object, the last column objects that nothing matches.
    """
    matches = match_greedily(image.iou, iou_thr)
    found = matches >= 0
    truth = torch.full_like(image.labels, num_classes)
    truth[found] = image.gt_labels[matches[found]]
    missed = torch.ones_like(image.gt_labels, dtype=torch.bool)
    missed[matches[found]] = False
    return count_pairs(torch.cat([truth, image.gt_labels[missed]]),
                       torch.cat([image.labels, image.labels.new_full((int(missed.sum()), ),
                                                                      num_classes)]), num_classes)


def count_pairs(truth: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """Count how often each class is taken for each.

    Args:
        truth: true classes, (N,) long, in [0, K]; K is the background.
        labels: classes that they were taken for, (N,) long, in [0, K].
        num_classes: K.

    Returns:
        (K + 1, K + 1) long, true classes in rows.
    """
    size = num_classes + 1
    return torch.bincount(truth * size + labels, minlength=size * size).view(size, size)


def precision_recall(matrix: Tensor) -> Tuple[Tensor, Tensor]:
    """Precision and recall of each class of a confusion matrix.

    Args:
        matrix: (K + 1, K + 1) of :func:`confusion_matrix`.

    Returns:
        Two of (K,) float32 in [0, 1]: NaN for a class that nothing was taken for (precision), or
        that does not occur (recall).
    """
    right = matrix.diagonal()[:-1].float()
    return right / matrix.sum(0)[:-1], right / matrix.sum(1)[:-1]


def class_accuracy(matrix: Tensor) -> float:
    """Share of the matched objects whose class is right, in [0, 1]; NaN without a match.

    Args:
        matrix: (K + 1, K + 1) of :func:`confusion_matrix`.
    """
    matched = matrix[:-1, :-1].float()
    return float(matched.diagonal().sum() / matched.sum())


def most_confused(matrix: Tensor, count: int) -> List[int]:
    """The classes that are most often taken for another class, or another for them.

    Args:
        matrix: (K + 1, K + 1) of :func:`confusion_matrix`.
        count: how many, at most.

    Returns:
        Their labels in ascending order. Classes that occur nowhere are left out.
    """
    classes = matrix[:-1, :-1].clone()
    occurs = (matrix.sum(0) + matrix.sum(1))[:-1] > 0
    confusions = (classes.sum(0) + classes.sum(1) - 2 * classes.diagonal()).where(
        occurs, classes.new_tensor(-1))
    order = confusions.argsort(descending=True, stable=True)[:min(count, int(occurs.sum()))]
    return sorted(order.tolist())


def largest_confusions(matrix: Tensor, classes: Sequence[str], count: int) -> List[str]:
    """The pairs of classes that are confused most often, in words.

    Args:
        matrix: (K + 1, K + 1) of :func:`confusion_matrix`.
        classes: K names.
        count: how many pairs, at most.

    Returns:
        ``'bear as dog: 12'`` each, the most frequent first.
    """
    pairs = matrix[:-1, :-1].clone().fill_diagonal_(0)
    numbers, places = pairs.flatten().sort(descending=True, stable=True)
    return [f'{classes[place // len(classes)]} as {classes[place % len(classes)]}: {number}'
            for number, place in zip(numbers[:count].tolist(), places[:count].tolist()) if number]
