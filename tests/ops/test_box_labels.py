"""BoxTeacher's scores and assignment against their naive writing (Eq. 1, Alg. 1)."""

import pytest
import torch
from reference import plain_equations
from toy_ops import random

from mmssis.ops import assign_masks_to_boxes, mask_aware_scores, mean_entropy_scores


def random_boxes(count, seed, size=20.0):
    corner, sides = random(2, count, 2, seed=seed)
    corner *= 0.6 * size
    return torch.cat([corner, corner + 1 + 8 * sides], 1)


PROBS = random(6, 20, 24)


@pytest.mark.parametrize('class_scores, mask_probs, boxes', [
    pytest.param(torch.rand(6), PROBS, random_boxes(6, 1), id='random'),
    pytest.param(torch.rand(0), PROBS[:0], torch.zeros(0, 4), id='no instance'),
    pytest.param(torch.ones(1), PROBS[:1] * 0.5, random_boxes(1, 2), id='no foreground'),
    pytest.param(torch.ones(1), PROBS[:1], torch.tensor([[3.0, 3, 3, 3]]), id='empty box'),
    pytest.param(torch.ones(1), PROBS[:1], torch.tensor([[4.2, 4.2, 4.7, 4.7]]), id='one pixel'),
])
def test_mask_aware_scores(class_scores, mask_probs, boxes):
    found = mask_aware_scores(class_scores, mask_probs, boxes)
    expected = plain_equations.mask_aware_scores(
        class_scores.tolist(), mask_probs.tolist(), boxes.tolist())
    assert found.tolist() == pytest.approx(expected, abs=1e-6)


def test_foreground_outside_the_box_does_not_count():
    """A4: the released code averages over the whole image."""
    mask = torch.zeros(1, 8, 8)
    mask[0, :4, :4], mask[0, 4:, 4:] = 0.6, 1.0
    score = mask_aware_scores(torch.ones(1), mask, torch.tensor([[0.0, 0, 4, 4]]))
    assert score.item() == pytest.approx(0.6 ** 0.5)


def test_mean_entropy_scores():
    """A coin has an entropy of log 2 = 0.693147, p = 0.9 one of 0.325083: 1 - their mean."""
    logits = torch.tensor([[[0.0, 2.1972246]], [[1e4, -1e4]]])  # 2.197 = log(0.9 / 0.1)
    assert mean_entropy_scores(logits).tolist() == pytest.approx([0.490885, 1.0], abs=1e-5)
    maps = 4 * random(3, 6, 5) - 2
    assert mean_entropy_scores(maps).tolist() == pytest.approx(
        plain_equations.mean_entropy_scores(maps.sigmoid().tolist()), abs=1e-5)
    with pytest.raises(ValueError, match='must have pixels'):
        mean_entropy_scores(torch.zeros(1, 0, 4))


@pytest.mark.parametrize('num_pred, num_gt, iou_thr', [
    (30, 8, 0.1), (30, 8, 0.5), (3, 10, 0.5), (0, 4, 0.5), (5, 0, 0.5)])
def test_assign_masks_to_boxes(num_pred, num_gt, iou_thr):
    gt_boxes = random_boxes(num_gt, 5)
    pred_boxes = random_boxes(num_pred, 6)
    near = min(num_pred, num_gt)
    pred_boxes[:near] = gt_boxes[:near] + 0.3
    scores = (random(num_pred, seed=7) * 5).round() / 5
    found = assign_masks_to_boxes(pred_boxes, scores, gt_boxes, iou_thr)
    assert found.dtype == torch.long
    assert found.tolist() == plain_equations.assign_masks_to_boxes(
        pred_boxes.tolist(), scores.tolist(), gt_boxes.tolist(), iou_thr)


def test_the_box_of_prediction_0_is_not_free():
    """A3: in the released code a worse prediction takes it over."""
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 6]])
    assert assign_masks_to_boxes(boxes, torch.tensor([0.9, 0.3]), boxes[:1]).tolist() == [0]


@pytest.mark.parametrize('call, error, message', [
    pytest.param(lambda: mask_aware_scores(torch.ones(2), PROBS[:1], random_boxes(2, 0)),
                 ValueError, 'mask_probs', id='masks'),
    pytest.param(lambda: assign_masks_to_boxes(random_boxes(2, 0), torch.ones(1),
                                               random_boxes(1, 0)), ValueError, 'pred_scores',
                 id='scores'),
    pytest.param(lambda: assign_masks_to_boxes(random_boxes(1, 0), torch.ones(1),
                                               random_boxes(1, 0), 1.5), ValueError, '1.5',
                 id='threshold'),
])
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
