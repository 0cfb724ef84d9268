"""Pseudo labels travel from the teacher's view into the student's."""

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mmssis.structures import background_weight, boxes_of_masks, project_instances, view_to_view

FLIP = np.array([[-1.0, 0, 16], [0, 1, 0], [0, 0, 1]])
SHIFT = np.array([[1.0, 0, 8], [0, 1, 0], [0, 0, 1]])
DOUBLE = np.diag([2.0, 2.0, 1.0])


def instances_of(num=2, **fields):
    """Squares of 4 x 4 pixels: the first on the left, the second on the right of 12 x 16."""
    masks = torch.zeros(2, 12, 16, dtype=torch.bool)
    masks[0, 2:6, 1:5], masks[1, 4:8, 10:14] = True, True
    masks = masks[:num]
    return InstanceData(
        metainfo=dict(input_shape=(12, 16)), labels=torch.arange(num), masks=masks,
        class_scores=torch.tensor([0.9, 0.8])[:num], bboxes=boxes_of_masks(masks), **fields)


@pytest.mark.parametrize('matrix, out_shape, expected', [
    pytest.param(np.eye(3), (12, 16), lambda m: m, id='identity'),
    pytest.param(FLIP, (12, 16), lambda m: m.flip(-1), id='flip'),
    pytest.param(DOUBLE, (24, 32), lambda m: m.repeat_interleave(2, 1).repeat_interleave(2, 2),
                 id='twice as large'),
    pytest.param(np.eye(3), (16, 20), lambda m: torch.nn.functional.pad(m, (0, 4, 0, 4)),
                 id='more padding'),
])
def test_masks_and_boxes_move_together(matrix, out_shape, expected):
    moved = project_instances(instances_of(), matrix, out_shape)
    assert torch.equal(moved.masks, expected(instances_of().masks))
    assert moved.masks.dtype == torch.bool
    assert torch.equal(moved.bboxes, boxes_of_masks(moved.masks))
    assert moved.input_shape == out_shape
    assert moved.labels.tolist() == [0, 1] and moved.class_scores.tolist() == \
        pytest.approx([0.9, 0.8])


def test_the_weight_of_the_background_moves_along():
    """It is metainfo: an image without instances has it too."""
    instances = instances_of(0)
    instances.set_metainfo(dict(background_weight=0.25))
    assert background_weight(project_instances(instances, FLIP, (12, 16))) == 0.25
    assert background_weight(instances_of()) == 1.0


def test_masks_that_leave_the_view_are_dropped():
    moved = project_instances(instances_of(), SHIFT, (12, 16))
    assert moved.labels.tolist() == [0] and moved.masks.shape == (1, 12, 16)
    assert moved.bboxes.tolist() == [[9, 2, 13, 6]]


def test_every_mask_leaves_the_view():
    moved = project_instances(instances_of(pixel_weights=torch.ones(2, 3, 4)),
                              np.array([[1.0, 0, 100], [0, 1, 0], [0, 0, 1]]), (12, 16))
    assert len(moved) == 0 and moved.masks.shape == (0, 12, 16)
    assert moved.pixel_weights.shape == (0, 3, 4)


def test_no_instance():
    moved = project_instances(instances_of(0, pixel_weights=torch.ones(0, 3, 4)), FLIP, (8, 8))
    assert len(moved) == 0 and moved.masks.shape == (0, 8, 8) and moved.bboxes.shape == (0, 4)


@pytest.mark.parametrize('matrix, out_shape, expected', [
    pytest.param(np.eye(3), (12, 16), lambda w: w, id='identity'),
    pytest.param(FLIP, (12, 16), lambda w: w.flip(-1), id='flip'),
    pytest.param(np.array([[1.0, 0, 4], [0, 1, 0], [0, 0, 1]]), (12, 20),
                 lambda w: torch.nn.functional.pad(w, (1, 0)), id='zero where not seen'),
])
def test_pixel_weights_move_at_their_own_stride(matrix, out_shape, expected):
    weights = torch.rand(2, 3, 4) + 0.1
    moved = project_instances(instances_of(pixel_weights=weights), matrix, out_shape)
    assert torch.allclose(moved.pixel_weights, expected(weights), atol=1e-5)


def test_the_source_stays_as_it_was():
    source = instances_of(pixel_weights=torch.ones(2, 3, 4))
    project_instances(source, SHIFT, (24, 32))
    assert torch.equal(source.masks, instances_of().masks) and source.input_shape == (12, 16)
    assert source.pixel_weights.shape == (2, 3, 4) and len(source) == 2


def test_mask_logits_of_the_old_view_do_not_come_along():
    moved = project_instances(instances_of(mask_logits=torch.randn(2, 3, 4)), FLIP, (12, 16))
    assert 'mask_logits' not in moved


def view(matrix=None):
    metainfo = dict(img_path='a.png')
    if matrix is not None:
        metainfo['homography_matrix'] = np.asarray(matrix, dtype=np.float32)
    return DetDataSample(metainfo=metainfo)


@pytest.mark.parametrize('source, target, point, expected', [
    pytest.param(np.eye(3), np.eye(3), (3, 5), (3, 5), id='identity'),
    pytest.param(FLIP, FLIP, (3, 5), (3, 5), id='same flip'),
    pytest.param(np.eye(3), FLIP, (3, 5), (13, 5), id='flip in the target'),
    pytest.param(DOUBLE, SHIFT, (6, 10), (11, 5), id='through the original image'),
])
def test_view_to_view(source, target, point, expected):
    x, y, scale = view_to_view(view(source), view(target)) @ (*point, 1)
    assert (x / scale, y / scale) == pytest.approx(expected)


@pytest.mark.parametrize('source, target', [(None, FLIP), (FLIP, None)], ids=['source', 'target'])
def test_gap_2_9_a_view_without_homography_is_refused(source, target):
    with pytest.raises(KeyError, match='a.png.*meta_keys'):
        view_to_view(view(source), view(target))
