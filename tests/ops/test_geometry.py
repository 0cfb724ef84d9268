"""Warped masks against naive sampling, and against moves of the array that need no sampling."""

import math

import cv2
import numpy as np
import pytest
import torch
from reference import plain_equations

from mmssis.ops import affine_masks


def translation(x, y):
    return [[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]]


def scaling(x, y):
    return [[x, 0.0, 0.0], [0.0, y, 0.0], [0.0, 0.0, 1.0]]


def rotation(degrees, x=0.0, y=0.0):
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return [[c, -s, x], [s, c, y], [0.0, 0.0, 1.0]]


def flip(width):
    return [[-1.0, 0.0, float(width)], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]


MASKS = torch.rand(2, 6, 7, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize('masks, matrix, out_shape', [
    pytest.param(MASKS[:0], scaling(1, 1), (3, 4), id='no mask'),
    pytest.param(torch.ones(1, 1, 1), scaling(1, 1), (1, 1), id='one pixel'),
    pytest.param(torch.ones(1, 1, 1), scaling(3, 2), (2, 3), id='one pixel enlarged'),
    pytest.param(torch.zeros(2, 6, 7), rotation(20), (6, 7), id='empty masks'),
    pytest.param(MASKS, scaling(1, 1), (6, 7), id='identity'),
    pytest.param(MASKS, scaling(1, 1), (9, 4), id='pad and crop'),
    pytest.param(MASKS, translation(1.25, -2.5), (6, 7), id='translation'),
    pytest.param(MASKS, translation(100, 0), (6, 7), id='out of view'),
    pytest.param(MASKS, scaling(2.5, 1.5), (9, 17), id='enlarge'),
    pytest.param(MASKS, scaling(0.5, 0.4), (3, 3), id='reduce'),
    pytest.param(MASKS, rotation(30, 2, -1), (8, 8), id='rotation'),
    pytest.param(MASKS, [[1.0, 0.3, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], (6, 9), id='shear'),
    pytest.param(MASKS, [[1.0, 0.1, 0.5], [0.05, 1.1, 0.0], [0.02, 0.03, 1.0]], (6, 6),
                 id='projective'),
    pytest.param(MASKS, [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]], (6, 7),
                 id='scale of the homogeneous coordinate'),
    pytest.param(MASKS > 0.5, rotation(10), (6, 7), id='bool'),
    pytest.param((9 * MASKS).to(torch.uint8), rotation(10), (6, 7), id='uint8'),
    pytest.param(MASKS.half(), rotation(10), (6, 7), id='half'),
    pytest.param(MASKS.transpose(1, 2), rotation(10), (7, 6), id='not contiguous'),
])
def test_affine_masks(masks, matrix, out_shape):
    warped = affine_masks(masks, torch.tensor(matrix), out_shape)
    expected = plain_equations.affine_masks(masks.float().tolist(), matrix, out_shape)
    assert warped.shape == (len(masks), *out_shape) and warped.dtype == torch.float32
    assert torch.allclose(warped, torch.tensor(expected).view_as(warped), atol=1e-4)


@pytest.mark.parametrize('width', [1, 2, 7, 64, 333])
def test_gap_2_5_flip_is_exact(width):
    masks = torch.rand(2, 5, width) > 0.5
    warped = affine_masks(masks, flip(width), (5, width))
    assert torch.allclose(warped, masks.flip(-1).float(), atol=1e-3)
    assert torch.equal(warped > 0.5, masks.flip(-1))


def test_gap_2_5_cv2_is_off_by_one():
    """What the convention is about: the same matrix in cv2's pixel-centre coordinates."""
    mask = np.zeros((4, 6), np.uint8)
    mask[:, 0] = 1
    by_cv2 = cv2.warpPerspective(mask, np.array(flip(6)), (6, 4))
    ours = affine_masks(torch.from_numpy(mask)[None], flip(6), (4, 6))[0]
    assert ours[:, 5].all() and not by_cv2[:, 5].any()


@pytest.mark.parametrize('matrix, move', [
    pytest.param(translation(2, 1), lambda m: torch.nn.functional.pad(m, (2, -2, 1, -1)),
                 id='whole pixels'),
    pytest.param(rotation(90, 8, 0), lambda m: m.rot90(-1, (1, 2)), id='quarter turn'),
    pytest.param(rotation(180, 8, 8), lambda m: m.flip(1, 2), id='half turn'),
    pytest.param(scaling(2, 2), lambda m: torch.nn.functional.interpolate(
        m[None], scale_factor=2, mode='bilinear', align_corners=False)[0][:, :8, :8],
                 id='as interpolate inside'),
])
def test_moves_that_need_no_sampling(matrix, move):
    masks = torch.zeros(2, 8, 8)
    masks[0, 2:6, 1:4], masks[1, 1, 2] = 1, 1
    assert torch.allclose(affine_masks(masks, matrix, (8, 8)), move(masks), atol=1e-4)


def test_there_and_back():
    masks = torch.zeros(1, 32, 32, dtype=torch.bool)
    masks[0, 8:20, 10:25] = True
    matrix = torch.tensor(rotation(17, 9, -4)) @ torch.tensor(scaling(1.5, 1.5))
    back = affine_masks(affine_masks(masks, matrix, (64, 64)), matrix.inverse(), (32, 32)) > 0.5
    union, overlap = (back | masks).sum(), (back & masks).sum()
    assert overlap / union > 0.95


def test_one_matrix_per_mask():
    matrices = torch.tensor([translation(1, 0), flip(7)])
    warped = affine_masks(MASKS, matrices, (6, 7))
    for i in range(2):
        assert torch.equal(warped[i], affine_masks(MASKS[i:i + 1], matrices[i], (6, 7))[0])
    assert affine_masks(MASKS[:0], matrices[:0], (6, 7)).shape == (0, 6, 7)


@pytest.mark.parametrize('kind', [np.array, torch.tensor, list], ids=['numpy', 'tensor', 'list'])
def test_kinds_of_matrix(kind):
    assert torch.allclose(affine_masks(MASKS, kind(flip(7)), (6, 7)), MASKS.flip(-1), atol=1e-4)


def test_the_horizon_of_a_projective_map_is_outside():
    """The pixel centres of one output column lie on the horizon: infinitely far, not NaN."""
    inverse = torch.tensor([[1.0, 0, 0], [0, 1, 0], [1, 0, -2.5]], dtype=torch.float64)
    warped = affine_masks(torch.ones(1, 4, 4), inverse.inverse(), (4, 4))
    assert warped.isfinite().all() and not warped[0, :, 2].any()


@pytest.mark.parametrize('masks, matrix, out_shape, message', [
    pytest.param(MASKS, scaling(0, 1), (6, 7), 'invertible', id='scale 0'),
    pytest.param(MASKS, [[1, 2, 0], [2, 4, 0], [0, 0, 1]], (6, 7), 'invertible', id='singular'),
    pytest.param(MASKS, scaling(float('nan'), 1), (6, 7), 'finite', id='nan'),
    pytest.param(MASKS, scaling(1, 1)[:2], (6, 7), r'\(2, 3\).*\[0, 0, 1\]', id='2 x 3'),
    pytest.param(MASKS, [scaling(1, 1)] * 3, (6, 7), r'\(3, 3, 3\)', id='three for two'),
    pytest.param(MASKS, scaling(1, 1), (6, 0), 'out_shape', id='no width'),
    pytest.param(MASKS, scaling(1, 1), (6, 7, 3), 'out_shape', id='shape with channels'),
    pytest.param(MASKS[0], scaling(1, 1), (6, 7), 'N h w', id='one mask'),
    pytest.param(MASKS[:, :0], scaling(1, 1), (6, 7), 'masks must have pixels', id='no pixel'),
])
def test_refuses(masks, matrix, out_shape, message):
    with pytest.raises(ValueError, match=message):
        affine_masks(masks, matrix, out_shape)
