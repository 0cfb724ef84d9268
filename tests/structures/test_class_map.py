"""Projection of instances to classes, classes of true masks, and drawing cells."""

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.structures import InstanceData

from mmssis.structures import (draw_cells, masks_on_grid, paste_masks, project_classes,
                               true_class_map)

K = 3


def pseudo_labels(logits, labels, scores, **fields):
    return InstanceData(metainfo=dict(input_shape=(16, 16)), mask_logits=logits,
                        labels=torch.tensor(labels, dtype=torch.long),
                        class_scores=torch.tensor(scores), **fields)


def naive_projection(logits, labels, scores):
    """B6.2 of the transfer, cell by cell."""
    probs = logits.sigmoid()
    classes = torch.full(logits.shape[1:], K)
    for y in range(classes.shape[0]):
        for x in range(classes.shape[1]):
            best = -1.0
            for n, label in enumerate(labels):
                claim = float(scores[n] * probs[n, y, x])
                if probs[n, y, x] >= 0.5 and claim > best:
                    best, classes[y, x] = claim, label
    return classes


@pytest.mark.parametrize('labels', [(), (2, ), (0, 1, 0, 2)], ids=['none', 'one', 'overlapping'])
def test_projection_is_that_of_the_loop(labels):
    logits = torch.randn(len(labels), 4, 4)
    scores = torch.rand(len(labels)).tolist()
    projected = project_classes(pseudo_labels(logits, labels, scores), K, (4, 4))
    assert torch.equal(projected.classes, naive_projection(logits, labels, torch.tensor(scores)))
    assert torch.equal(projected.owners < 0, projected.classes == K)
    names = torch.tensor([*labels, K])
    assert torch.equal(names[projected.owners], projected.classes)
    assert torch.equal(projected.mask_probs, logits.sigmoid())


def test_an_instance_of_score_0_still_claims_its_cells():
    projected = project_classes(pseudo_labels(torch.ones(1, 2, 2), [1], [0.0]), K, (2, 2))
    assert (projected.classes == 1).all() and (projected.owners == 0).all()


def test_masks_of_stride_4_come_to_a_coarser_grid_by_their_mean():
    logits = torch.randn(2, 8, 8)
    probs = masks_on_grid(pseudo_labels(logits, [0, 1], [1.0, 1.0]), (4, 4))
    expected = logits.sigmoid().view(2, 4, 2, 4, 2).mean((2, 4))
    assert torch.allclose(probs, expected, atol=1e-6)


def test_masks_on_box_grids_are_pasted_as_by_mmdet():
    boxes = torch.tensor([[2.0, 1, 14, 9], [0, 0, 16, 16], [5, 5, 5, 9]])
    instances = pseudo_labels(torch.randn(3, 28, 28), [0, 1, 2], [1.0] * 3, mask_boxes=boxes)
    probs = masks_on_grid(instances, (16, 16))
    assert torch.equal(probs >= 0.5, paste_masks(instances.mask_logits, boxes, (16, 16)))
    assert not probs[2].any(), 'a box without area'


def sample_of(masks, labels, img_shape=(16, 16), ignored=None):
    sample = DetDataSample(metainfo=dict(img_shape=img_shape))
    sample.gt_instances = InstanceData(
        labels=torch.tensor(labels, dtype=torch.long),
        masks=BitmapMasks(masks.astype(np.uint8), *masks.shape[1:]))
    if ignored is not None:
        sample.ignored_instances = InstanceData(
            masks=BitmapMasks(ignored[None].astype(np.uint8), *ignored.shape))
    return sample


def box(x1, y1, x2, y2, size=16):
    mask = np.zeros((size, size), bool)
    mask[y1:y2, x1:x2] = True
    return mask


@pytest.mark.parametrize('sample, expected', [
    pytest.param(sample_of(np.zeros((0, 16, 16)), []), [[K, K], [K, K]], id='no instance'),
    pytest.param(sample_of(box(0, 0, 8, 8)[None], [1]), [[1, K], [K, K]], id='exactly a cell'),
    pytest.param(sample_of(box(0, 0, 9, 8)[None], [1]), [[1, -1], [K, K]], id='a border'),
    pytest.param(sample_of(np.stack([box(0, 0, 5, 8), box(0, 0, 8, 8)]), [0, 2]),
                 [[2, K], [K, K]], id='the one that covers most'),
    pytest.param(sample_of(box(0, 0, 8, 8)[None], [1], ignored=box(8, 8, 9, 9)),
                 [[1, K], [K, -1]], id='a crowd'),
    pytest.param(sample_of(box(0, 0, 8, 8)[None], [1], img_shape=(12, 16, 3)),
                 [[1, K], [-1, -1]], id='padding'),
    pytest.param(sample_of(np.ones((1, 8, 16)), [0], img_shape=(8, 16)), [[0, 0], [-1, -1]],
                 id='masks that were not padded'),
])
def test_class_of_true_masks(sample, expected):
    assert true_class_map(sample, K, (16, 16), (2, 2)).tolist() == expected


def test_labels_without_masks_say_nothing():
    sample = DetDataSample(metainfo=dict(img_shape=(16, 16)))
    sample.gt_instances = InstanceData(labels=torch.tensor([0]), bboxes=torch.rand(1, 4))
    assert true_class_map(sample, K, (16, 16), (2, 2)).tolist() == [[-1, -1], [-1, -1]]


@pytest.mark.parametrize('classes', [
    pytest.param([[0, 1], [-1, K]], id='one of each but one'),
    pytest.param([[0, 0], [0, 1]], id='fewer than wanted'),
])
def test_drawn_cells_are_of_their_class_and_drawn_once(classes):
    classes = torch.tensor(classes)
    cells, labels = draw_cells(classes, K + 1, 2)
    assert len(cells) == len(labels) == 2 * (K + 1)
    drawn = labels >= 0
    assert torch.equal(classes.flatten()[cells[drawn]], labels[drawn])
    assert cells[drawn].unique().numel() == drawn.sum()
    for label in range(K + 1):
        assert (labels == label).sum() == min((classes == label).sum(), 2)


def test_every_cell_of_a_class_can_be_drawn_and_the_seed_decides():
    classes = torch.zeros(3, 3, dtype=torch.long)
    first = [int(draw_cells(classes, 1, 1)[0]) for _ in range(100)]
    assert set(first) == set(range(9))
    torch.manual_seed(0)
    again = [int(draw_cells(classes, 1, 1)[0]) for _ in range(100)]
    assert again == first
