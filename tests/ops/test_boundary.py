"""The boundary-preserving map against its naive writing (Noisy Boundaries section 3.3)."""

import pytest
import torch
from reference import plain_equations
from toy_ops import random

from mmssis.ops import boundary_preserving_map, boundary_preserving_map_in_boxes

RANDOM = random(3, 6, 7)
WIDE = random(4, 22, 30, seed=2)
EVERYWHERE = torch.tensor([[0.0, 0.0, 7.0, 6.0]]).expand(3, 4)


@pytest.mark.parametrize('scale, eps, padding', [
    (3.0, 1e-6, 'zeros'), (3.0, 1e-6, 'replicate'), (1.0, 0.5, 'zeros')])
@pytest.mark.parametrize('mask_probs', [
    pytest.param(RANDOM, id='random'),
    pytest.param(torch.ones(1, 4, 4), id='all foreground'),
    pytest.param(torch.zeros(2, 4, 4), id='no foreground'),
    pytest.param(torch.tensor([[[0.5]]]), id='one pixel'),
])
def test_boundary_preserving_map(mask_probs, scale, eps, padding):
    found = boundary_preserving_map(mask_probs, scale, eps, padding=padding)
    expected = plain_equations.boundary_preserving_map(
        mask_probs.tolist(), scale, eps, replicate=padding == 'replicate')
    assert torch.allclose(found, torch.tensor(expected), atol=1e-4)


def test_a_mask_that_underflows_to_zero_gives_no_nan():
    """B.5: the released code divides 0 by 0."""
    logits = torch.full((1, 28, 28), -200.0)
    assert torch.equal(boundary_preserving_map(logits.sigmoid()), torch.zeros(1, 28, 28))


@pytest.mark.parametrize('value', [0.99988, 1 / 3, 0.0])
def test_a_flat_mask_has_no_boundary_not_even_by_rounding(value):
    flat = torch.full((1, 28, 28), value)
    box = torch.tensor([[0.0, 0.0, 28.0, 28.0]])
    assert not boundary_preserving_map(flat, padding='replicate').any()
    assert not boundary_preserving_map(flat)[:, 1:-1, 1:-1].any()
    assert not boundary_preserving_map_in_boxes(flat, box, padding='replicate', size=7).any()


@pytest.mark.parametrize('function', [
    boundary_preserving_map, lambda probs: boundary_preserving_map_in_boxes(
        probs, EVERYWHERE[:len(probs)].to(probs.dtype), size=5)], ids=['RoIs', 'boxes'])
def test_no_gradient_no_instance_and_half_precision(function):
    assert not function(RANDOM.clone().requires_grad_()).requires_grad
    assert function(RANDOM[:0]).shape == (0, 6, 7)
    half = function(RANDOM.half())
    assert half.dtype == torch.float32
    assert torch.allclose(half, function(RANDOM.half().float()))
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(function(RANDOM.half()), half)


@pytest.mark.parametrize('args, settings, message', [
    pytest.param((RANDOM[0], ), {}, 'mask_probs', id='two axes'),
    pytest.param((RANDOM, -1.0), {}, '-1.0', id='scale'),
    pytest.param((RANDOM, 3.0, 0.0), {}, 'eps above 0', id='eps'),
    pytest.param((RANDOM, ), dict(padding='reflect'), "'reflect'", id='padding'),
])
def test_refuses(args, settings, message):
    with pytest.raises(ValueError, match=message):
        boundary_preserving_map(*args, **settings)
    with pytest.raises(ValueError, match=message):
        boundary_preserving_map_in_boxes(args[0], EVERYWHERE, *args[1:], **settings)


def test_refuses_boxes():
    with pytest.raises(ValueError, match=r'boxes must be \(3, 4\)'):
        boundary_preserving_map_in_boxes(RANDOM, EVERYWHERE[:2])
    with pytest.raises(ValueError, match='size must be at least 1, got 0'):
        boundary_preserving_map_in_boxes(RANDOM, EVERYWHERE, size=0)


@pytest.mark.parametrize('size, padding', [(1, 'zeros'), (5, 'zeros'), (5, 'replicate')])
@pytest.mark.parametrize('boxes', [
    pytest.param([[8, 6, 20, 14], [5, 3, 7, 19], [10, 9, 11, 10], [3, 2, 28, 20]], id='inside'),
    pytest.param([[0, 0, 30, 22], [0, 5, 3, 8], [27, 20, 30, 22], [0, 0, 4, 22]], id='border'),
    pytest.param([[7.25, 6.5, 9.75, 7], [4.125, 5, 20.5, 6.75], [5.5, 5.5, 5.75, 5.75],
                  [1.5, 0.25, 29.75, 21.5]], id='fractions'),
    pytest.param([[0, 0, 0, 0], [9, 3, 9, 12], [40, 30, 50, 44], [12, 12, 8, 14]], id='no box'),
])
def test_the_map_in_boxes(boxes, size, padding):
    found = boundary_preserving_map_in_boxes(
        WIDE, torch.tensor(boxes).float(), 2.0, 1e-3, padding=padding, size=size)
    expected = plain_equations.boundary_preserving_map_in_boxes(
        WIDE.tolist(), boxes, 2.0, 1e-3, padding == 'replicate', size)
    assert torch.allclose(found, torch.tensor(expected), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('padding', ['zeros', 'replicate'])
def test_a_box_of_the_whole_map_is_a_roi(padding):
    found = boundary_preserving_map_in_boxes(RANDOM, EVERYWHERE, padding=padding)
    assert torch.allclose(found, boundary_preserving_map(RANDOM, padding=padding), atol=1e-5)
