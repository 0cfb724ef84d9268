"""Pseudo labels that move at their native resolution (PAIS, whose views differ in geometry)."""

import cv2
import numpy as np
import pytest
import torch
from mmdet.models.task_modules.assigners import MaxIoUAssigner
from mmengine.structures import InstanceData

from mmssis.ops import affine_masks
from mmssis.structures import (BoxMaps, boxes_of_masks, move_box_masks, move_pseudo_labels,
                               move_query_masks, project_boxes, resolve_masks)

SIZE = 96


def disc(shape, x, y, radius):
    """Signed distance to a circle at the pixel centres, positive inside; edge coordinates."""
    rows, columns = np.mgrid[:shape[0], :shape[1]] + 0.5
    return radius - np.hypot(columns - x, rows - y)


def discs(stride=4, **fields):
    """Logits of two discs at a stride; the field of a disc is linear, so sampling it is exact."""
    fine = [disc((SIZE, SIZE), x, y, r) for x, y, r in ((30, 36, 20), (66, 60, 22))]
    logits = torch.stack([
        torch.as_tensor(cv2.resize(f, None, fx=1 / stride, fy=1 / stride,
                                   interpolation=cv2.INTER_AREA)).float() for f in fine])
    return InstanceData(metainfo=dict(input_shape=(SIZE, SIZE), background_weight=0.5),
                        labels=torch.tensor([1, 2]), mask_logits=logits, **fields)


def rotation(degrees, scale=1.0):
    turned = cv2.getRotationMatrix2D((SIZE / 2, SIZE / 2), degrees, scale)
    return np.vstack([turned, [0, 0, 1]])


def slowly(instances, matrix):
    """Masks at full size in the other view."""
    return affine_masks(resolve_masks(instances).masks.float(), matrix, (SIZE, SIZE)) > 0.5


MATRICES = [
    pytest.param(np.array([[-1.0, 0, SIZE], [0, 1, 0], [0, 0, 1]]), id='flip'),
    pytest.param(np.diag([0.6, 0.6, 1.0]), id='smaller'),
    pytest.param(np.array([[1.0, 0, 9.6], [0, 1, -4.8], [0, 0, 1]]), id='shift'),
    pytest.param(rotation(30), id='rotation'),
    pytest.param(np.array([[1.0, np.tan(0.4), 0], [0, 1, 0], [0, 0, 1]]), id='shear'),
]


@pytest.mark.parametrize('matrix', MATRICES)
def test_query_masks_move_like_full_size_masks(matrix, stride=8):
    """Stride 4 against the slow way: upsample, move at full size, then reduce."""
    moved = move_query_masks(discs(stride), matrix, (SIZE, SIZE))
    slow = slowly(discs(stride), matrix)
    reduced = torch.nn.functional.avg_pool2d(slow.float(), 4) > 0.5
    assert moved.labels.tolist() == [1, 2]
    assert moved.masks.dtype == torch.bool and moved.masks.shape[1:] == (SIZE // 4, SIZE // 4)
    overlap = (moved.masks & reduced).flatten(1).sum(1) / (moved.masks | reduced).flatten(1).sum(1)
    assert overlap.min() > 0.93
    assert (moved.bboxes - boxes_of_masks(slow)).abs().max() <= 4


def test_flipped_query_masks_are_flipped_exactly():
    """A.6: the released warp is one pixel off on flips."""
    flip = np.array([[-1.0, 0, SIZE], [0, 1, 0], [0, 0, 1]])
    weights = torch.rand(2, 24, 24)
    moved = move_query_masks(discs(pixel_weights=weights), flip, (SIZE, SIZE))
    assert torch.equal(moved.masks, (discs().mask_logits > 0).flip(-1))
    assert torch.allclose(moved.pixel_weights, weights.flip(-1), atol=1e-5)


def test_a_mask_that_fills_the_view_keeps_its_edge():
    instances = discs()
    instances.mask_logits[:] = 0.1
    assert move_query_masks(instances, np.diag([2.0, 2.0, 1.0]), (192, 192)).masks.all()


def test_what_does_not_move_is_carried_along_and_what_left_is_gone():
    scores = torch.tensor([0.9, 0.8])
    shift = np.array([[1.0, 0, -55], [0, 1, 0], [0, 0, 1]])
    moved = move_query_masks(discs(class_scores=scores, cls_weights=scores), shift, (SIZE, 128))
    assert moved.labels.tolist() == [2] and moved.cls_weights.tolist() == pytest.approx([0.8])
    assert moved.metainfo == dict(input_shape=(SIZE, 128), background_weight=0.5)
    assert 'mask_logits' not in moved and moved.masks.shape == (1, 24, 32)


def in_boxes(num=2, **fields):
    """Two discs on 28 x 28 grids of their boxes."""
    boxes = torch.tensor([[10.0, 16, 50, 56], [44, 38, 88, 82]])
    grid = torch.as_tensor(disc((28, 28), 14, 14, 14)).float().expand(2, -1, -1)
    return InstanceData(
        metainfo=dict(input_shape=(SIZE, SIZE)), labels=torch.tensor([1, 2]), mask_logits=grid,
        mask_boxes=boxes, bboxes=boxes.clone(), **fields)[:num]


@pytest.mark.parametrize('matrix', MATRICES)
def test_boxes_move_and_their_masks_are_sampled_in_place(matrix):
    moved = move_box_masks(in_boxes(), matrix, (SIZE, SIZE), (SIZE, SIZE))
    full = slowly(in_boxes(), matrix)
    crops = moved.masks.crop(moved.bboxes, torch.arange(len(moved)), 28) >= 0.5
    for crop, box, mask in zip(crops, moved.bboxes, full):
        x1, y1, x2, y2 = box.tolist()
        xs = np.clip((x1 + (np.arange(28) + 0.5) * (x2 - x1) / 28).astype(int), 0, SIZE - 1)
        ys = np.clip((y1 + (np.arange(28) + 0.5) * (y2 - y1) / 28).astype(int), 0, SIZE - 1)
        expected = mask[torch.as_tensor(ys)][:, torch.as_tensor(xs)]
        assert (crop & expected).sum() / (crop | expected).sum() > 0.92


def test_moved_boxes_are_clipped_and_dropped_outside():
    shift = np.array([[1.0, 0, -49.5], [0, 1, 0], [0, 0, 1]])
    moved = move_box_masks(in_boxes(pixel_weights=torch.ones(2, 28, 28)), shift, (SIZE, SIZE),
                           (SIZE, 30, 3))
    assert moved.labels.tolist() == [2] and moved.bboxes.tolist() == [[0, 38, 30, 82]]
    assert len(moved.masks) == len(moved.pixel_weights) == 1


def test_no_instance():
    moved = move_query_masks(discs(mask_scores=torch.ones(2))[:0], rotation(10), (64, 64))
    assert moved.masks.shape == (0, 16, 16) and moved.bboxes.shape == (0, 4)
    moved = move_box_masks(in_boxes(0), rotation(10), (64, 64), (60, 60))
    assert len(moved) == len(moved.masks) == 0 and moved.bboxes.shape == (0, 4)


def test_boxes_go_there_and_back():
    boxes = torch.tensor([[20.0, 30, 40, 60]])
    matrix = np.array([[-0.5, 0, 48], [0, 0.5, 3], [0, 0, 1]])
    there = project_boxes(boxes, matrix, (SIZE, SIZE))
    assert there.tolist() == [[28, 18, 38, 33]]
    assert torch.allclose(project_boxes(there, np.linalg.inv(matrix), (SIZE, SIZE)), boxes)


def test_boxes_keep_float32_under_autocast(dtype=torch.bfloat16):
    """In float16 the area of a large box is infinite, and no proposal overlaps it."""
    boxes = torch.tensor([[20.5, 30.25, 620.5, 530.75], [338.5, 652.625, 366.875, 681.9]])
    matrix = np.array([[-0.9, 0, 1200.3], [0, 0.9, 3.7], [0, 0, 1]])
    expected = project_boxes(boxes, matrix, (800, 1333))
    with torch.autocast('cpu', dtype=dtype):
        moved = project_boxes(boxes, matrix, (800, 1333))
        assigned = MaxIoUAssigner(0.7, 0.3, 0.3).assign(
            InstanceData(priors=expected), InstanceData(bboxes=moved, labels=torch.arange(2)))
    assert moved.dtype == torch.float32 and torch.equal(moved, expected)
    assert assigned.gt_inds.tolist() == [1, 2]


def test_in_views_of_one_geometry_query_masks_are_resolved_and_stay():
    moved = move_pseudo_labels(discs(), np.eye(3), (SIZE, SIZE), (SIZE, SIZE))
    assert torch.equal(moved.masks, resolve_masks(discs()).masks)
    assert moved.masks.shape == (2, SIZE, SIZE)
    again = move_pseudo_labels(moved, np.eye(3), (SIZE, SIZE), (SIZE, SIZE))
    assert again.masks is moved.masks


def test_each_kind_moves_in_its_own_way():
    shift = np.array([[1.0, 0, 8], [0, 1, 0], [0, 0, 1]])
    query, box = (move_pseudo_labels(instances, shift, (SIZE, SIZE), (SIZE, SIZE))
                  for instances in (discs(), in_boxes()))
    assert torch.equal(query.masks, move_query_masks(discs(), shift, (SIZE, SIZE)).masks)
    assert box.bboxes[0].tolist() == [18, 16, 58, 56] and isinstance(box.masks, BoxMaps)


def test_detected_masks_keep_their_boxes():
    """CondInst: the box is what the detector found, not the tight box of the mask."""
    boxes = torch.tensor([[8.0, 16, 52, 58], [40, 36, 90, 84]])
    same = move_pseudo_labels(discs(bboxes=boxes), np.eye(3), (SIZE, SIZE), (SIZE, SIZE))
    assert torch.equal(same.bboxes, boxes)
    assert torch.equal(same.masks, discs().mask_logits > 0)
    double = move_pseudo_labels(
        discs(bboxes=boxes), np.diag([2.0, 2.0, 1.0]), (192, 192), (192, 192))
    assert torch.equal(double.bboxes, 2 * boxes) and double.masks.shape == (2, 48, 48)
