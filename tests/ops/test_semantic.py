"""Classes of pixels against loops written from the paper."""

import pytest
import torch
from reference import semantic_equations

from mmssis.ops import semantic_map, semantic_scores


def logits(queries=4, classes=3, height=5, width=6, dtype=torch.float32):
    torch.manual_seed(0)
    return ((2 * torch.randn(queries, classes + 1)).to(dtype),
            (3 * torch.randn(queries, height, width)).to(dtype))


@pytest.mark.parametrize('shape', [
    pytest.param(dict(), id='several'),
    pytest.param(dict(queries=1), id='one query'),
    pytest.param(dict(classes=1), id='one class'),
    pytest.param(dict(height=1, width=1), id='one pixel'),
    pytest.param(dict(queries=40), id='scores that sum to more than 1'),
])
def test_scores_and_map_are_the_papers(shape):
    cls_logits, mask_logits = logits(**shape)
    scores = semantic_scores(cls_logits, mask_logits)
    expected = semantic_equations.semantic_scores(cls_logits.tolist(), mask_logits.tolist())
    assert torch.allclose(scores, torch.tensor(expected), atol=1e-6)
    for threshold in (0, 0.5, 0.9):
        assert semantic_map(scores, threshold).tolist() == semantic_equations.semantic_map(
            scores.tolist(), threshold)


def test_without_queries_nothing_is_anywhere():
    scores = semantic_scores(torch.zeros(0, 4), torch.zeros(0, 2, 2))
    assert torch.equal(scores, torch.zeros(3, 2, 2))
    assert torch.equal(semantic_map(scores), torch.full((2, 2), 255))


def test_the_threshold_itself_is_enough():
    assert semantic_map(torch.tensor([[[0.5, 0.49]]])).tolist() == [[0, 255]]


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_is_summed_in_float32(dtype):
    halves = logits(dtype=dtype)
    scores = semantic_scores(*halves)
    assert scores.dtype == torch.float32
    assert torch.equal(scores, semantic_scores(*(half.float() for half in halves)))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16], ids=str)
def test_autocast_changes_nothing(dtype):
    image = logits(queries=20)
    with torch.autocast('cpu', dtype=dtype):
        scores = semantic_scores(*image)
    assert torch.equal(scores, semantic_scores(*image))


@pytest.mark.parametrize('call, message', [
    pytest.param(lambda: semantic_scores(torch.zeros(1, 2, 3), torch.zeros(2, 4, 4)),
                 'cls_logits must have the axes', id='a batch of class logits'),
    pytest.param(lambda: semantic_scores(torch.zeros(2, 3), torch.zeros(4, 4)),
                 'mask_logits must have the axes', id='one mask'),
    pytest.param(lambda: semantic_scores(torch.zeros(2, 3), torch.zeros(5, 4, 4)),
                 'got 2 and 5', id='other queries'),
    pytest.param(lambda: semantic_map(torch.zeros(4, 4)), 'K h w', id='scores of one class'),
    pytest.param(lambda: semantic_map(torch.zeros(1, 4, 4), 1.5), '1.5', id='threshold'),
])
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
