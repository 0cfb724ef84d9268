"""Uncertainty and the weighted mask losses against their naive writing (PL-DC Eq. 10, 11)."""

import pytest
import torch
from reference import plain_equations
from toy_ops import normal

from mmssis.ops import mask_uncertainty, weighted_mask_bce, weighted_mask_dice


@pytest.mark.parametrize('logits', [
    pytest.param(torch.zeros(0, 3, 4), id='no instance'),
    pytest.param(torch.zeros(1, 1, 1), id='one pixel, a half'),
    pytest.param(torch.tensor([[[-200.0, 200.0, -1.0, 1.0, 1e-4]]]), id='sure and unsure'),
    pytest.param(normal(3, 4, 5), id='random'),
    pytest.param(normal(3, 4, 5, seed=1).half(),
                 id='half'),
])
def test_mask_uncertainty(logits):
    uncertainty = mask_uncertainty(logits)
    expected = plain_equations.mask_uncertainty(logits.tolist())
    assert uncertainty.shape == logits.shape and uncertainty.dtype == torch.float32
    assert uncertainty.flatten().tolist() == pytest.approx(
        [u for mask in expected for row in mask for u in row], abs=1e-6)


def test_mask_uncertainty_does_not_cancel_where_the_teacher_is_sure():
    """1 - 2 |sigmoid - 0.5| is 0 in single precision from a logit of 17 on."""
    assert mask_uncertainty(torch.tensor([20.0, -20.0])).tolist() == pytest.approx(
        [4.122307e-9] * 2, rel=1e-5)


def points(num, num_points, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    logits = 4 * torch.randn(num, num_points, generator=generator)
    targets = torch.rand(num, num_points, generator=generator) > 0.5
    weights = torch.rand(num, num_points, generator=generator)
    return logits.to(dtype), targets, weights.to(dtype)


LOSS_CASES = [
    pytest.param(*points(0, 4), id='no instance'),
    pytest.param(points(2, 5)[0], torch.zeros(2, 5), torch.ones(2, 5), id='empty target'),
    pytest.param(points(2, 5)[0], points(2, 5)[1], torch.zeros(2, 5), id='no weight at all'),
    pytest.param(torch.tensor([[300.0, -300.0]]), torch.tensor([[0.0, 1.0]]), torch.ones(1, 2),
                 id='sure and wrong'),
    pytest.param(points(2, 5)[0], torch.full((2, 5), 0.3), torch.ones(2, 5), id='soft targets'),
    pytest.param(points(3, 7)[0].half(), *points(3, 7, dtype=torch.half)[1:], id='half'),
]


@pytest.mark.parametrize('logits, targets, weights', LOSS_CASES)
def test_weighted_mask_bce(logits, targets, weights):
    loss = weighted_mask_bce(logits, targets, weights)
    expected = plain_equations.weighted_mask_bce(
        logits.tolist(), targets.tolist(), weights.tolist())
    assert loss.shape == () and loss.item() == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert loss.dtype == torch.promote_types(logits.dtype, torch.float32)


@pytest.mark.parametrize('logits, targets, weights', LOSS_CASES)
def test_weighted_mask_dice(logits, targets, weights):
    for eps in (1.0, 1e-3):
        loss = weighted_mask_dice(logits, targets, weights, eps)
        expected = plain_equations.weighted_mask_dice(
            logits.tolist(), targets.tolist(), weights.tolist(), eps)
        assert loss.shape == (len(logits), )
        assert loss.tolist() == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_gradients_are_those_of_the_formulas():
    logits, targets, weights = points(3, 4, seed=2)
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: weighted_mask_bce(x, targets, weights), logits)
    assert torch.autograd.gradcheck(lambda x: weighted_mask_dice(x, targets, weights, 1.0), logits)
    # PL-DC appendix C: a pixel's influence falls in proportion to its weight.
    gradient, = torch.autograd.grad(weighted_mask_bce(logits, targets, weights), logits)
    by_hand = weights * (logits.sigmoid() - targets.double()) / 4
    assert torch.allclose(gradient, by_hand, atol=1e-12)


def test_no_instance_keeps_the_graph():
    """A loss that is not part of the graph would let DDP wait for its gradient."""
    logits = torch.zeros(0, 4, requires_grad=True)
    loss = weighted_mask_bce(logits, torch.zeros(0, 4), torch.zeros(0, 4))
    assert loss.item() == 0 and loss.requires_grad
    loss.backward()


POINTS = torch.zeros(2, 3)


@pytest.mark.parametrize('loss', [weighted_mask_bce,
                                  lambda *tensors: weighted_mask_dice(*tensors, eps=1.0)],
                         ids=['bce', 'dice'])
@pytest.mark.parametrize('tensors, message', [
    pytest.param((POINTS, POINTS[:1], POINTS), r'mask_logits and targets.*\(2, 3\) and \(1, 3\)',
                 id='targets'),
    pytest.param((POINTS, POINTS, POINTS[:, :1]), 'mask_logits and pixel_weights', id='weights'),
    pytest.param((POINTS[:, :0], ) * 3, 'at least one point', id='no point'),
])
def test_losses_refuse(loss, tensors, message):
    with pytest.raises(ValueError, match=message):
        loss(*tensors)


def test_dice_refuses_eps():
    with pytest.raises(ValueError, match='eps'):
        weighted_mask_dice(POINTS, POINTS, POINTS, 0)
