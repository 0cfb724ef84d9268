"""Class and mask quality against their naive writing (PL-DC Eq. 3, 4)."""

import pytest
import torch
from reference import plain_equations
from toy_ops import normal

from mmssis.ops import class_quality, mask_quality

INF = float('inf')


@pytest.mark.parametrize('logits', [
    pytest.param(torch.zeros(0, 4), id='no query'),
    pytest.param(torch.tensor([[1e4, -1e4, 0.0]]), id='logits that overflow exp'),
    pytest.param(torch.tensor([[0.0, 1.0, 9.0]]), id='no-object wins'),
    pytest.param(normal(5, 81, seed=1), id='random'),
])
def test_class_quality(logits):
    scores, labels, probs = class_quality(logits)
    expected_scores, expected_labels, expected_probs = plain_equations.class_quality(
        logits.tolist())
    assert scores.tolist() == pytest.approx(expected_scores, abs=1e-6)
    assert labels.tolist() == expected_labels and labels.dtype == torch.long
    assert probs.shape == (len(logits), logits.shape[1] - 1)
    assert probs.flatten().tolist() == pytest.approx(sum(expected_probs, []), abs=1e-6)
    assert scores.dtype == probs.dtype == torch.promote_types(logits.dtype, torch.float32)


@pytest.mark.parametrize('op, value, error, message', [
    pytest.param(class_quality, torch.zeros(2, 1), ValueError, 'no-object', id='no-object alone'),
    pytest.param(class_quality, [[0.0, 1.0]], TypeError, 'cls_logits.*list', id='a list'),
    pytest.param(mask_quality, torch.zeros(3, 4), ValueError, 'mask_logits.*N H W', id='one mask'),
])
def test_refuses(op, value, error, message):
    with pytest.raises(error, match=message):
        op(value)


def one_pixel(level):
    logits = torch.full((1, 3, 4), -2.0)
    logits[0, 1, 2] = level
    return logits


@pytest.mark.parametrize('logits', [
    pytest.param(torch.zeros(0, 3, 4), id='no instance'),
    pytest.param(torch.full((2, 3, 4), -1.0), id='empty mask'),
    pytest.param(torch.zeros(1, 3, 4), id='exactly a half is background'),
    pytest.param(one_pixel(0.7), id='one foreground pixel'),
    pytest.param(normal(4, 6, 5, seed=3), id='random'),
    pytest.param(normal(2, 6, 5, seed=4).half(),
                 id='half'),
    pytest.param(normal(2, 5, 6, seed=6).transpose(1, 2),
                 id='not contiguous'),
])
def test_mask_quality(logits):
    quality = mask_quality(logits)
    assert quality.tolist() == pytest.approx(
        plain_equations.mask_quality(logits.tolist()), abs=1e-6)
    assert quality.shape == (len(logits), )
    assert quality.dtype == torch.promote_types(logits.dtype, torch.float32)


def test_half_precision_is_summed_in_float32():
    """256 x 512 foreground pixels: the count alone is beyond half precision's largest number."""
    quality = mask_quality(torch.full((1, 256, 512), 2.0).half())
    assert quality.item() == pytest.approx(plain_equations.sigmoid(2.0), abs=1e-5)


def test_mask_quality_has_a_gradient():
    """Each foreground pixel's share of the mean; the choice of pixels has none."""
    logits = torch.tensor([[[2.0, 0.5, -1.0, 0.0]]], requires_grad=True)
    mask_quality(logits).sum().backward()
    sigma = torch.tensor([2.0, 0.5]).sigmoid()
    expected = torch.cat([sigma * (1 - sigma) / 2, torch.zeros(2)])
    assert torch.allclose(logits.grad.flatten(), expected)


def test_mask_quality_of_nan_logits_is_never_good():
    assert not mask_quality(torch.tensor([[[float('nan'), 5.0]]])).item() >= 0.5
