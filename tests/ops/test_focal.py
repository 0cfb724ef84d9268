"""The softmax focal loss against its naive writing."""

import pytest
import torch
import torch.nn.functional as F
from reference import focal_equations
from toy_ops import normal

from mmssis.ops import softmax_focal_loss

LOGITS = 3 * normal(50, 5)
LABELS = torch.arange(50) % 5


@pytest.mark.parametrize('num, gamma', [(0, 2), (50, 0), (50, 0.5), (50, 2)])
def test_equals_the_naive_writing(num, gamma):
    losses = softmax_focal_loss(LOGITS[:num], LABELS[:num], gamma)
    naive = focal_equations.softmax_focal_loss(
        LOGITS[:num].tolist(), LABELS[:num].tolist(), gamma)
    assert losses.tolist() == pytest.approx(naive, rel=1e-5, abs=1e-7)


def test_rows_without_loss():
    losses = softmax_focal_loss(LOGITS[:2], torch.tensor([-100, 1]))
    assert losses[0] == 0 and losses[1] > 0
    # A single class is always right.
    assert softmax_focal_loss(torch.randn(3, 1), torch.zeros(3, dtype=torch.long)).eq(0).all()


def test_gamma_0_is_the_cross_entropy_with_its_gradient():
    gradients = []
    for loss in (softmax_focal_loss, lambda x, y, _: F.cross_entropy(x, y, reduction='none')):
        logits = LOGITS.clone().requires_grad_()
        loss(logits, LABELS, 0).sum().backward()
        gradients.append(logits.grad)
    assert torch.allclose(*gradients, atol=1e-7)


@pytest.mark.parametrize('gamma', [0, 0.1, 1.5])
@pytest.mark.parametrize('logit', [30.0, 200.0, -200.0], ids=str)
def test_loss_and_gradient_stay_finite_at_the_ends(logit, gamma):
    logits = torch.tensor([[logit, 0.0]], requires_grad=True)
    loss = softmax_focal_loss(logits, torch.tensor([0]), gamma)
    loss.sum().backward()
    assert loss.isfinite().all() and logits.grad.isfinite().all()


def test_gradient_equals_finite_differences():
    logits = LOGITS[:4].double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: softmax_focal_loss(x, LABELS[:4], 1.5), logits)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype):
    logits = LOGITS.to(dtype)
    losses = softmax_focal_loss(logits, LABELS)
    assert losses.dtype == torch.float32
    assert torch.equal(losses, softmax_focal_loss(logits.float(), LABELS))


@pytest.mark.parametrize('logits, gamma, message', [
    pytest.param(torch.ones(2), 1.5, 'cls_logits', id='one axis'),
    pytest.param(LOGITS, -1, 'got -1', id='negative'),
])
def test_refuses(logits, gamma, message):
    with pytest.raises(ValueError, match=message):
        softmax_focal_loss(logits, LABELS, gamma)
