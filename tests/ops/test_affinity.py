"""BoxTeacher's noise-reduced affinity."""

import pytest
import torch
from reference import affinity_equations
from toy_ops import normal, random

from mmssis.ops import affinity_loss, mask_affinity


def masks(kind, num=2):
    probs = random(num, 7, 6)
    return dict(soft=probs, binary=(probs > 0.5).float(), empty=torch.zeros_like(probs),
                full=torch.ones_like(probs))[kind]


def logits_of(num=2):
    return 3 * normal(num, 7, 6, seed=1)


@pytest.mark.parametrize('kind', ['soft', 'binary', 'empty', 'full'])
def test_affinity_is_the_paper_s(kind):
    for dilation in (1, 2):
        expected = [affinity_equations.mask_affinity(mask, dilation)
                    for mask in masks(kind).tolist()]
        found = mask_affinity(masks(kind), dilation=dilation)
        assert torch.allclose(found, torch.tensor(expected))


def test_a_padded_pixel_is_nobody_s_neighbour():
    probs, valid = masks('binary'), torch.ones(7, 6, dtype=torch.bool)
    valid[:, 4:] = False
    expected = [affinity_equations.mask_affinity(mask, valid=valid.tolist())
                for mask in probs.tolist()]
    assert torch.allclose(mask_affinity(probs, valid=valid), torch.tensor(expected))


@pytest.mark.parametrize('threshold, inside, dilation', [
    pytest.param(0.5, False, 2, id='released'),
    pytest.param(0.5, True, 2, id='pairs of the box alone'),
    pytest.param(None, True, 2, id='weights by affinity'),
    pytest.param(0, False, 2, id='all pairs, none beyond the border'),
])
def test_loss_is_the_released_one(threshold, inside, dilation):
    probs, logits = masks('soft'), logits_of()
    region = torch.zeros(2, 7, 6, dtype=torch.bool)
    region[:, 1:5, 2:5] = True
    affinity = mask_affinity(probs, dilation=dilation)
    loss = affinity_loss(logits, affinity, threshold=threshold, dilation=dilation,
                         region=region if inside else None)
    expected = [
        affinity_equations.affinity_loss(
            logits[i].tolist(), affinity[i].tolist(), threshold,
            region[i].tolist() if inside else None, dilation) for i in range(2)]
    assert torch.allclose(loss, torch.tensor(expected), rtol=1e-4)


def test_the_printed_form_erases_masks_and_the_released_one_does_not():
    """The sum of logarithms is least where every pixel is undecided."""
    affinity = mask_affinity(masks('full', num=1))
    undecided, sure = torch.zeros(1, 7, 6), torch.full((1, 7, 6), 4.0)
    printed = [affinity_equations.affinity_loss(logits[0].tolist(), affinity[0].tolist(),
                                                printed=True) for logits in (undecided, sure)]
    assert printed[0] < printed[1]
    assert affinity_loss(sure, affinity).item() < affinity_loss(undecided, affinity).item()


@pytest.mark.parametrize('shape', [(2, 7, 6), (0, 7, 6), (2, 1, 1), (2, 2, 9)], ids=str)
def test_no_pair_gives_no_loss_but_a_gradient(shape):
    logits = torch.ones(shape, requires_grad=True)
    loss = affinity_loss(logits, torch.zeros(shape[0], 8, *shape[1:]))
    loss.sum().backward()
    assert loss.tolist() == [0] * shape[0] and not logits.grad.any()
    assert mask_affinity(torch.ones(shape)).shape == (shape[0], 8, *shape[1:])


def test_large_logits_stay_finite_in_half_precision():
    logits = torch.full((1, 5, 5), 500.0, dtype=torch.bfloat16)
    logits[:, ::2] = -500
    loss = affinity_loss(logits.requires_grad_(), mask_affinity(torch.ones(1, 5, 5)))
    loss.sum().backward()
    assert loss.dtype == torch.float32 and loss.isfinite().all() and logits.grad.isfinite().all()


def test_gradient_is_that_of_the_formula():
    logits = logits_of().double().requires_grad_()
    affinity = mask_affinity(masks('soft'))
    assert torch.autograd.gradcheck(lambda x: affinity_loss(x, affinity), logits)


@pytest.mark.parametrize('call, message', [
    pytest.param(lambda x: mask_affinity(x[0]), 'N H W', id='one mask'),
    pytest.param(lambda x: affinity_loss(x, torch.zeros(2, 8, 3, 6)), 'same shape', id='grids'),
    pytest.param(lambda x: affinity_loss(x, torch.zeros(2, 8, 7, 6), threshold=2), 'threshold',
                 id='threshold'),
])
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(logits_of())
