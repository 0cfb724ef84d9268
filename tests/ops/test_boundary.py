"""The boundary-preserving map against its naive writing (Noisy Boundaries section 3.3)."""

import pytest
import torch
import torch.nn.functional as F
from reference import plain_equations

from mmssis.ops import boundary_preserving_map

RANDOM = torch.rand(3, 6, 7, generator=torch.Generator().manual_seed(0))


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
