"""Warped masks against naive sampling, and against moves of the array that need no sampling."""

import cv2
import numpy as np
import pytest
import torch
from reference import plain_equations
from toy_ops import flip, random, rotation, scaling, translation

from mmssis.ops import affine_masks

MASKS = random(2, 6, 7)


@pytest.mark.parametrize('masks, matrix, out_shape', [
    pytest.param(MASKS[:0], scaling(1, 1), (3, 4), id='no mask'),
    pytest.param(torch.ones(1, 1, 1), scaling(3, 2), (2, 3), id='one pixel enlarged'),
    pytest.param(MASKS, translation(1.25, -2.5), (6, 7), id='translation'),
    pytest.param(MASKS, scaling(0.5, 0.4), (3, 3), id='reduce'),
    pytest.param(MASKS, rotation(30, 2, -1), (8, 8), id='rotation'),
    pytest.param(MASKS, torch.tensor([[1.0, 0.1, 0.5], [0.05, 1.1, 0.0], [0.02, 0.03, 1.0]]),
                 (6, 6), id='projective'),
    pytest.param(MASKS > 0.5, rotation(10), (6, 7), id='bool'),
    pytest.param(MASKS.transpose(1, 2), rotation(10), (7, 6), id='not contiguous'),
])
def test_affine_masks(masks, matrix, out_shape):
    warped = affine_masks(masks, matrix, out_shape)
    expected = plain_equations.affine_masks(masks.float().tolist(), matrix.tolist(), out_shape)
    assert warped.shape == (len(masks), *out_shape) and warped.dtype == torch.float32
    assert torch.allclose(warped, torch.tensor(expected).view_as(warped), atol=1e-4)


@pytest.mark.parametrize('width', [1, 7, 333])
def test_gap_2_5_flip_is_exact(width):
    masks = torch.rand(2, 5, width) > 0.5
    warped = affine_masks(masks, flip(width), (5, width))
    assert torch.allclose(warped, masks.flip(-1).float(), atol=1e-3)
    assert torch.equal(warped > 0.5, masks.flip(-1))


def test_gap_2_5_cv2_is_off_by_one():
    """What the convention is about: the same matrix in cv2's pixel-centre coordinates."""
    mask = np.zeros((4, 6), np.uint8)
    mask[:, 0] = 1
    by_cv2 = cv2.warpPerspective(mask, flip(6).numpy(), (6, 4))
    ours = affine_masks(torch.from_numpy(mask)[None], flip(6), (4, 6))[0]
    assert ours[:, 5].all() and not by_cv2[:, 5].any()


@pytest.mark.parametrize('matrix, move', [
    pytest.param(translation(2, 1), lambda m: torch.nn.functional.pad(m, (2, -2, 1, -1)),
                 id='whole pixels'),
    pytest.param(rotation(90, 8, 0), lambda m: m.rot90(-1, (1, 2)), id='quarter turn'),
    pytest.param(scaling(2, 2), lambda m: torch.nn.functional.interpolate(
        m[None], scale_factor=2, mode='bilinear', align_corners=False)[0][:, :8, :8],
                 id='as interpolate inside'),
])
def test_moves_that_need_no_sampling(matrix, move):
    masks = torch.zeros(2, 8, 8)
    masks[0, 2:6, 1:4], masks[1, 1, 2] = 1, 1
    assert torch.allclose(affine_masks(masks, matrix, (8, 8)), move(masks), atol=1e-4)


def test_one_matrix_per_mask():
    matrices = torch.stack([translation(1, 0), flip(7)])
    warped = affine_masks(MASKS, matrices, (6, 7))
    for i in range(2):
        assert torch.equal(warped[i], affine_masks(MASKS[i:i + 1], matrices[i], (6, 7))[0])
    assert affine_masks(MASKS[:0], matrices[:0], (6, 7)).shape == (0, 6, 7)


@pytest.mark.parametrize('kind', [torch.Tensor.numpy, torch.Tensor.tolist])
def test_kinds_of_matrix(kind):
    assert torch.allclose(affine_masks(MASKS, kind(flip(7)), (6, 7)), MASKS.flip(-1), atol=1e-4)


def test_the_horizon_of_a_projective_map_is_outside():
    """The pixel centres of one output column lie on the horizon: infinitely far, not NaN."""
    inverse = torch.tensor([[1.0, 0, 0], [0, 1, 0], [1, 0, -2.5]], dtype=torch.float64)
    warped = affine_masks(torch.ones(1, 4, 4), inverse.inverse(), (4, 4))
    assert warped.isfinite().all() and not warped[0, :, 2].any()


@pytest.mark.parametrize('masks, matrix, out_shape, message', [
    pytest.param(MASKS, scaling(0, 1), (6, 7), 'invertible', id='scale 0'),
    pytest.param(MASKS, scaling(float('nan'), 1), (6, 7), 'finite', id='nan'),
    pytest.param(MASKS, scaling(1, 1)[:2], (6, 7), r'\(2, 3\).*\[0, 0, 1\]', id='2 x 3'),
    pytest.param(MASKS[:, :0], scaling(1, 1), (6, 7), 'masks must have pixels', id='no pixel'),
])
def test_refuses(masks, matrix, out_shape, message):
    with pytest.raises(ValueError, match=message):
        affine_masks(masks, matrix, out_shape)
