"""The target of a mask-IoU branch against its naive writing."""

import pytest
import torch
from reference import plain_equations
from toy_ops import random

from mmssis.ops import binary_mask_iou


@pytest.mark.parametrize('masks, targets', [
    pytest.param([[[1, 0], [0, 1]]], [[[1, 0], [0, 1]]], id='same'),
    pytest.param([[[0, 0]]], [[[0, 0]]], id='both empty'),
    pytest.param([[[1, 1, 0]], [[1, 0, 0]]], [[[0, 1, 1]], [[1, 1, 1]]], id='partly'),
])
def test_binary_mask_iou(masks, targets):
    found = binary_mask_iou(torch.tensor(masks).bool(), torch.tensor(targets).bool())
    assert found.tolist() == pytest.approx(plain_equations.binary_mask_iou(masks, targets))


def test_random_masks_and_no_mask():
    masks, targets = random(2, 5, 7, 9) > 0.4
    assert binary_mask_iou(masks, targets).tolist() == pytest.approx(
        plain_equations.binary_mask_iou(masks.tolist(), targets.tolist()))
    assert binary_mask_iou(masks[:0], targets[:0]).shape == (0, )


@pytest.mark.parametrize('masks, targets, error', [
    pytest.param(torch.ones(1, 2, 2), torch.ones(1, 2, 2), TypeError, id='not bool'),
    pytest.param(torch.ones(1, 2, 2).bool(), torch.ones(2, 2, 2).bool(), ValueError, id='counts'),
])
def test_refuses(masks, targets, error):
    with pytest.raises(error):
        binary_mask_iou(masks, targets)
