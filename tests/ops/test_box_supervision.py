"""BoxInst's projection, colour similarity and pairwise losses."""

import pytest
import torch
from reference import box_supervision_equations as equations
from toy_ops import normal, random

from mmssis.ops import _pairs, color_similarity, pairwise_loss, projection_loss, rgb_to_lab

ROWS, COLUMNS = 7, 6


def logits_of(num=3):
    return 3 * normal(num, ROWS, COLUMNS, seed=1)


def boxes(num=3):
    """Another box for each instance; the last one lies outside of the grid."""
    inside = torch.zeros(num, ROWS, COLUMNS, dtype=torch.bool)
    for n in range(num - 1):
        inside[n, n:5, 1:4 + n] = True
    return inside


def expected_pairs(logits, similarity, inside, threshold=0.3, dilation=2):
    pairs = [equations.pairwise_loss(*(each[n].tolist() for each in (logits, similarity, inside)),
                                     threshold, dilation) for n in range(len(logits))]
    return torch.tensor(pairs).view(-1, 2).unbind(1)


@pytest.mark.parametrize('logits, inside', [
    pytest.param(logits_of(), boxes(), id='random, one box outside'),
    pytest.param(logits_of(0), boxes(0), id='no instance'),
    pytest.param(torch.zeros(2, 4, 5), torch.ones(2, 4, 5), id='ties, a box of the whole grid'),
    pytest.param(logits_of().bfloat16(), boxes().float(), id='bfloat16'),
])
def test_projection_loss(logits, inside):
    loss = projection_loss(logits, inside)
    expected = [equations.projection_loss(logits[n].tolist(), inside[n].tolist())
                for n in range(len(logits))]
    assert loss.tolist() == pytest.approx(expected, rel=1e-5) and loss.dtype == torch.float32


COLORS = torch.cat([random(3, 40), torch.eye(3), 1 - torch.eye(3),
                    torch.tensor([[0, 1, 0.5, 0.04045, 0.01]]).expand(3, -1)], 1)


def test_lab_is_cie_s():
    lab = rgb_to_lab(COLORS[None, :, None])[0, :, 0]
    expected = torch.tensor([equations.lab(*color) for color in COLORS.T.tolist()])
    assert torch.allclose(lab.T, expected, atol=1e-3)


@pytest.mark.parametrize('stride, dilation, padded', [
    pytest.param(4, 2, False, id='released'),
    pytest.param(4, 2, True, id='padded right and below'),
    pytest.param(1, 1, True, id='pixels themselves'),
    pytest.param(3, 3, False, id='a rest of pixels'),
    pytest.param(20, 2, False, id='one cell'),
])
def test_color_similarity(stride, dilation, padded):
    # Close colours: random ones are not alike at all.
    images = 0.5 + 0.1 * random(2, 3, 20, 23)
    valid = torch.ones(2, 20, 23, dtype=torch.bool)
    valid[0, 14:] = valid[1, :, 12:] = False
    found = color_similarity(images, stride=stride, dilation=dilation,
                             valid=valid if padded else None)
    expected = [equations.color_similarity(images[b].tolist(), stride, dilation,
                                           valid[b].tolist() if padded else None)
                for b in range(2)]
    assert torch.allclose(found, torch.tensor(expected), atol=1e-4)
    assert stride == 20 or found.max() > 0


@pytest.mark.parametrize('num, size', [(0, 16), (1, 16), (1, 17), (1, 19)])
def test_a_valid_map_fits_images_of_any_number_and_size(num, size):
    similarity = color_similarity(torch.ones(num, 3, size, size),
                                  valid=torch.ones(num, size, size, dtype=torch.bool))
    assert similarity.shape == (num, 8, 4, 4) and set(similarity.unique().tolist()) <= {0, 1}


@pytest.mark.parametrize('threshold, dilation', [(0, 1), (0.3, 2), (1, 3)])
@pytest.mark.parametrize('pixels_at_once', [1, 100, 2**18])
def test_pairwise_loss(threshold, dilation, pixels_at_once, monkeypatch):
    monkeypatch.setitem(_pairs.PIXELS_PER_PASS, 'cpu', pixels_at_once)
    logits, similarity, inside = logits_of(), random(3, 8, ROWS, COLUMNS), boxes()
    sums, counts = pairwise_loss(logits, similarity, inside, threshold=threshold, dilation=dilation)
    expected = expected_pairs(logits, similarity, inside, threshold, dilation)
    assert torch.allclose(sums, expected[0], rtol=1e-4) and torch.equal(counts, expected[1])


@pytest.mark.parametrize('per_pass', [1, 2**18])
def test_instances_of_one_image_share_a_map(per_pass, monkeypatch):
    monkeypatch.setitem(_pairs.PIXELS_PER_PASS, 'cpu', per_pass)
    logits, similarity, inside = logits_of(), random(2, 8, ROWS, COLUMNS), boxes()
    index = torch.tensor([1, 0, 1])
    shared = pairwise_loss(logits, similarity, inside, index=index)
    copied = pairwise_loss(logits, similarity[index], inside)
    assert torch.equal(shared[0], copied[0]) and torch.equal(shared[1], copied[1])


def test_a_similarity_of_just_the_threshold_counts():
    similarity = torch.full((3, 8, ROWS, COLUMNS), 0.5)
    _, counts = pairwise_loss(logits_of(), similarity, boxes(), threshold=0.5)
    assert torch.equal(counts, expected_pairs(logits_of(), similarity, boxes(), 0.5)[1])
    assert counts[0] > 0


def test_four_directions_are_the_eight_unfolded_ones():
    """Value and gradient, with the similarity of an image, whose padding is not symmetric."""
    valid = torch.ones(1, 28, 24, dtype=torch.bool)
    valid[:, 20:] = False
    similarity = color_similarity(0.5 + 0.1 * random(1, 3, 28, 24), valid=valid)
    similarity = similarity.expand(3, -1, -1, -1)
    inside, gradients, results = boxes(), [], []
    for function in (pairwise_loss, equations.unfolded_pairwise):
        logits = logits_of().requires_grad_()
        settings = dict(threshold=0.3, dilation=2)
        sums, counts = function(logits, similarity, inside, **settings)
        (sums.sum() / counts.sum().clamp(min=1)).backward()
        gradients.append(logits.grad)
        results.append(torch.stack([sums.detach(), counts]))
    assert results[0][1].sum() > 0
    assert torch.allclose(*results, rtol=1e-5) and torch.allclose(*gradients, atol=1e-7)


def test_gradients_are_those_of_the_formulas():
    logits, inside = logits_of(1).double().requires_grad_(), boxes(2)[:1]
    similarity = random(1, 8, ROWS, COLUMNS)
    assert torch.autograd.gradcheck(lambda x: projection_loss(x, inside), logits)
    assert torch.autograd.gradcheck(lambda x: pairwise_loss(x, similarity, inside)[0], logits)


@pytest.mark.parametrize('shape', [(0, 7, 6), (2, 1, 1), (2, 2, 9), (2, 0, 5)],
                         ids=['no instance', 'one pixel', 'no neighbour above', 'no pixel'])
def test_no_pair_gives_no_loss_but_a_graph(shape):
    logits = torch.ones(shape, requires_grad=True)
    similarity = torch.zeros(shape[0], 8, *shape[1:])
    sums, counts = pairwise_loss(logits, similarity, torch.ones(shape))
    sums.sum().backward()
    assert sums.tolist() == counts.tolist() == [0] * shape[0] and not logits.grad.any()
    assert sums.requires_grad and not counts.requires_grad


def test_large_logits_in_half_precision():
    logits = torch.full((1, 5, 5), 500.0, dtype=torch.bfloat16)
    logits[:, ::2] = -500
    ones = torch.ones(1, 8, 5, 5)
    sums, counts = pairwise_loss(logits.requires_grad_(), ones, ones[:, 0], dilation=1)
    sums.sum().backward()
    assert sums.dtype == counts.dtype == torch.float32 and logits.grad.dtype == torch.bfloat16
    assert sums.isfinite().all() and logits.grad.isfinite().all()


def test_autocast_changes_nothing():
    def run():
        similarity = color_similarity(0.5 + 0.1 * random(3, 3, 4 * ROWS, 4 * COLUMNS))
        logits = logits_of().requires_grad_()
        sums, counts = pairwise_loss(logits, similarity, boxes())
        projection = projection_loss(logits, boxes())
        (sums + projection).sum().backward()
        return similarity, sums, counts, projection, logits.grad

    plain = run()
    with torch.autocast('cpu', torch.bfloat16):
        cast = run()
    assert all(torch.equal(one, other) for one, other in zip(plain, cast))


def test_a_graph_can_be_gone_through_twice():
    logits = logits_of().requires_grad_()
    sums, _ = pairwise_loss(logits, random(3, 8, ROWS, COLUMNS), boxes())
    first, = torch.autograd.grad(sums.sum(), logits, retain_graph=True)
    second, = torch.autograd.grad(3 * sums.sum(), logits)
    assert torch.allclose(3 * first, second)


MAPS = torch.zeros(3, 8, ROWS, COLUMNS)


@pytest.mark.parametrize('call, message', [
    pytest.param(lambda x: projection_loss(x, x[:2]), 'same shape', id='numbers of boxes'),
    pytest.param(lambda x: projection_loss(x[:, :0], x[:, :0]), 'pixels', id='empty grid'),
    pytest.param(lambda x: rgb_to_lab(torch.zeros(1, 4, 2, 2)), '4, 2, 2', id='four channels'),
    pytest.param(lambda x: color_similarity(torch.zeros(1, 3, 8, 3)), r'\[1, 3\].*4', id='thin'),
    pytest.param(lambda x: color_similarity(torch.zeros(1, 3, 8, 8), valid=x), 'same shape',
                 id='valid of another grid'),
    pytest.param(lambda x: pairwise_loss(x, MAPS[:2], x), 'own.*and 2', id='maps without index'),
    pytest.param(lambda x: pairwise_loss(x, MAPS[:, :, 1:], x), 'grid', id='grids'),
    pytest.param(lambda x: pairwise_loss(x, MAPS, x, threshold=2), 'threshold', id='threshold'),
])
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(logits_of())
