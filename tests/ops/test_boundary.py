"""The boundary-preserving map against its naive writing (Noisy Boundaries section 3.3)."""

import pytest
import torch
import torch.nn.functional as F
from reference import plain_equations

from mmssis.ops import boundary_preserving_map, boundary_preserving_map_in_boxes

RANDOM = torch.rand(3, 6, 7, generator=torch.Generator().manual_seed(0))
WIDE = torch.rand(4, 22, 30, generator=torch.Generator().manual_seed(2))
EVERYWHERE = torch.tensor([[0.0, 0.0, 7.0, 6.0]]).expand(3, 4)


@pytest.mark.parametrize('padding', ['zeros', 'replicate'])
@pytest.mark.parametrize('scale, eps', [(3.0, 1e-6), (1.0, 0.5), (0.0, 1e-6)])
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


def test_weights_of_an_instance_average_the_scale():
    assert torch.allclose(boundary_preserving_map(RANDOM).mean((1, 2)), torch.tensor(3.0))


def test_a_mask_that_underflows_to_zero_gives_no_nan():
    """B.5: the released code divides 0 by 0."""
    logits = torch.full((1, 28, 28), -200.0)
    assert torch.equal(boundary_preserving_map(logits.sigmoid()), torch.zeros(1, 28, 28))


@pytest.mark.parametrize('value', [0.99988, 0.3, 1 / 3])
def test_a_flat_mask_has_no_boundary_not_even_by_rounding(value):
    flat = torch.full((1, 28, 28), value)
    assert not boundary_preserving_map(flat, padding='replicate').any()
    assert not boundary_preserving_map(flat)[:, 1:-1, 1:-1].any()


def test_the_map_changes_the_direction_of_the_gradient():
    """B.5: the released code multiplies a scalar; its gradient is 3 times the plain one."""
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(2, 14, 14, generator=generator).requires_grad_()
    targets = (torch.rand(2, 14, 14, generator=generator) > 0.5).float()
    losses = F.binary_cross_entropy_with_logits(logits, targets, reduction='none')
    weights = boundary_preserving_map(logits.sigmoid())
    plain, = torch.autograd.grad(losses.mean(), logits, retain_graph=True)
    released, = torch.autograd.grad((losses.mean() * weights).mean(), logits, retain_graph=True)
    ours, = torch.autograd.grad((losses * weights).mean(), logits)
    assert torch.allclose(released, 3 * plain, atol=1e-7)
    assert F.cosine_similarity(ours.flatten(), plain.flatten(), dim=0) < 0.99


def test_no_gradient_no_instance_and_half_precision():
    assert not boundary_preserving_map(RANDOM.clone().requires_grad_()).requires_grad
    assert boundary_preserving_map(RANDOM[:0]).shape == (0, 6, 7)
    half = boundary_preserving_map(RANDOM.half())
    assert half.dtype == torch.float32
    assert torch.allclose(half, boundary_preserving_map(RANDOM.half().float()))


@pytest.mark.parametrize('args, settings, error, message', [
    pytest.param((RANDOM[0], ), {}, ValueError, 'mask_probs', id='two axes'),
    pytest.param((RANDOM, -1.0), {}, ValueError, '-1.0', id='scale'),
    pytest.param((RANDOM, 3.0, 0.0), {}, ValueError, 'eps above 0', id='eps'),
    pytest.param((RANDOM, '3'), {}, TypeError, "scale.*'3'", id='text'),
    pytest.param((RANDOM, ), dict(padding='reflect'), ValueError, "'reflect'", id='padding'),
])
def test_refuses(args, settings, error, message):
    with pytest.raises(error, match=message):
        boundary_preserving_map(*args, **settings)
    with pytest.raises(error, match=message):
        boundary_preserving_map_in_boxes(args[0], EVERYWHERE, *args[1:], **settings)


@pytest.mark.parametrize('settings, message', [
    pytest.param(dict(boxes=EVERYWHERE[:2]), r'boxes must be \(3, 4\)', id='a box too few'),
    pytest.param(dict(boxes=EVERYWHERE, size=0), 'size must be at least 1, got 0', id='size'),
])
def test_refuses_boxes(settings, message):
    with pytest.raises(ValueError, match=message):
        boundary_preserving_map_in_boxes(RANDOM, **settings)


@pytest.mark.parametrize('padding', ['zeros', 'replicate'])
@pytest.mark.parametrize('size', [1, 5, 28])
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


def test_weights_average_the_scale_in_the_box_and_are_1_elsewhere():
    weights, = boundary_preserving_map_in_boxes(WIDE[:1], torch.tensor([[9.0, 6.0, 20.0, 13.0]]))
    inside = torch.zeros(22, 30, dtype=torch.bool)
    inside[4:15, 7:22] = True
    assert weights[inside].mean().item() == pytest.approx(3)
    assert (weights[~inside] == 1).all()


@pytest.mark.parametrize('value', [0.99988, 1 / 3, 0.0])
def test_averaging_makes_no_boundary_in_a_flat_mask(value):
    boxes = torch.tensor([[0.0, 0.0, 30.0, 23.0]])
    assert not boundary_preserving_map_in_boxes(
        torch.full((1, 23, 30), value), boxes, padding='replicate', size=7).any()


def test_boxes_give_no_gradient_and_no_less_precision():
    boxes = torch.tensor([[8.0, 6.0, 20.0, 14.0]]).expand(4, 4)
    expected = boundary_preserving_map_in_boxes(WIDE, boxes, size=5)
    assert not boundary_preserving_map_in_boxes(WIDE.clone().requires_grad_(), boxes).requires_grad
    assert boundary_preserving_map_in_boxes(WIDE[:0], boxes[:0]).shape == (0, 22, 30)
    assert boundary_preserving_map_in_boxes(WIDE.half(), boxes.half()).dtype == torch.float32
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(boundary_preserving_map_in_boxes(WIDE, boxes, size=5), expected)
