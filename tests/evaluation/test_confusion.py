"""Confusion of classes by masks, on hand-made overlaps and beside a naive form."""

import math

import pytest
import torch
from reference.instance_analysis import confusion

from mmssis.evaluation import JudgedInstances, confusion_matrix, precision_recall
from mmssis.evaluation.confusion import class_accuracy, largest_confusions, most_confused

CAT, DOG, CAR = 0, 1, 2


def image(iou, labels, gt_labels):
    shape = (len(labels), len(gt_labels))
    return JudgedInstances(torch.tensor(iou, dtype=torch.float32).reshape(shape),
                           torch.tensor(labels, dtype=torch.long),
                           torch.tensor(gt_labels, dtype=torch.long), {})


@pytest.mark.parametrize('iou, labels, gt_labels, cells', [
    pytest.param([[.9]], [DOG], [CAT], {(CAT, DOG): 1}, id='a cat taken for a dog'),
    pytest.param([[.4]], [CAT], [CAT], {(3, CAT): 1, (CAT, 3): 1}, id='too little overlap'),
    pytest.param([[.6], [.9]], [CAT, DOG], [CAT], {(3, CAT): 1, (CAT, DOG): 1},
                 id='the better mask has the object, whatever its class'),
    pytest.param([], [], [CAR], {(CAR, 3): 1}, id='missed'),
    pytest.param([[]], [CAR], [], {(3, CAR): 1}, id='invented'),
])
def test_cells(iou, labels, gt_labels, cells):
    matrix = confusion_matrix(image(iou, labels, gt_labels), 3)
    found = {tuple(place): int(matrix[tuple(place)]) for place in matrix.nonzero().tolist()}
    assert found == cells


def test_equals_a_naive_form():
    generator = torch.Generator().manual_seed(0)
    for count, objects in ((0, 0), (5, 3), (8, 8), (2, 7)):
        iou = torch.rand(count, objects, generator=generator)
        labels, gt_labels = (torch.randint(4, (n, ), generator=generator).tolist()
                             for n in (count, objects))
        assert confusion_matrix(image(iou.tolist(), labels, gt_labels), 4, 0.3).tolist() == (
            confusion(iou.tolist(), labels, gt_labels, 4, 0.3))


# Truth in rows: 3 of 4 cats right, 1 cat taken for a dog, 2 dogs missed, 1 dog invented.
MATRIX = torch.tensor([[3, 1, 0, 0], [0, 0, 0, 2], [0, 0, 0, 0], [0, 1, 0, 0]])


def test_precision_and_recall():
    precision, recall = precision_recall(MATRIX)
    assert precision.tolist()[:2] == [1.0, 0.0] and recall.tolist()[:2] == [0.75, 0.0]
    assert math.isnan(precision[CAR]) and math.isnan(recall[CAR])
    assert class_accuracy(MATRIX) == 0.75
    assert math.isnan(class_accuracy(torch.zeros(2, 2)))


def test_what_is_named_and_drawn():
    assert most_confused(MATRIX, 5) == [CAT, DOG]  # no car occurs
    busy = torch.tensor([[9, 0, 0, 0], [0, 5, 4, 0], [0, 2, 5, 0], [0, 0, 0, 0]])
    assert most_confused(busy, 2) == [DOG, CAR]
    names = ('cat', 'dog', 'car')
    assert largest_confusions(busy, names, 3) == ['dog as car: 4', 'car as dog: 2']
