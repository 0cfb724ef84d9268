"""Candidates of semantic segmentation: one region per class, without overlap."""

import pytest
import torch
from mmdet.registry import MODELS
from reference import semantic_equations
from toy import SIZE, labeled_sample, toy_detector

from mmssis.models.pseudo_labels import SemanticCandidates
from mmssis.structures import resolve_masks


def logits(queries=6, classes=3, height=5, width=6):
    torch.manual_seed(0)
    return 4 * torch.randn(queries, classes + 1), 4 * torch.randn(queries, height, width)


def naive(cls_logits, mask_logits):
    """Scores K x h x w, and the pixels of each class that is there."""
    scores = semantic_equations.semantic_scores(cls_logits.tolist(), mask_logits.tolist())
    classes = semantic_equations.semantic_map(scores)
    regions = {}
    for y, row in enumerate(classes):
        for x, label in enumerate(row):
            if label != 255:
                regions.setdefault(label, []).append((y, x))
    return scores, dict(sorted(regions.items()))


@pytest.mark.parametrize('shape', [
    pytest.param(dict(), id='several'),
    pytest.param(dict(queries=1), id='one query'),
    pytest.param(dict(classes=2, queries=30), id='queries that claim the same pixels'),
])
def test_regions_scores_and_labels_are_the_papers(shape):
    image = logits(**shape)
    scores, regions = naive(*image)
    instances = SemanticCandidates.from_logits(*image, (20, 24))
    assert instances.labels.tolist() == list(regions) and instances.input_shape == (20, 24)
    for n, (label, pixels) in enumerate(regions.items()):
        means = [sum(score[y][x] for y, x in pixels) / len(pixels) for score in scores]
        assert instances.class_probs[n].tolist() == pytest.approx(means, abs=1e-5)
        assert instances.class_scores[n].item() == pytest.approx(means[label], abs=1e-5)
        assert [tuple(pixel) for pixel in (instances.mask_logits[n] > 0).nonzero().tolist()
                ] == pixels


def test_a_pixel_of_one_class_keeps_its_score():
    image = logits()
    scores = torch.tensor(naive(*image)[0])
    instances = SemanticCandidates.from_logits(*image, (20, 24))
    probs = instances.mask_logits.sigmoid()
    own = instances.mask_logits > 0
    assert torch.allclose(probs[own], scores[instances.labels][own].clamp(max=1 - 1e-4), atol=1e-5)


def test_two_sure_queries_of_two_classes_do_not_overlap():
    cls_logits = torch.tensor([[9.0, 0, 0], [0, 8.0, 0]])
    instances = SemanticCandidates.from_logits(cls_logits, torch.full((2, 4, 4), 9.0), (16, 16))
    assert instances.labels.tolist() == [0] and (instances.mask_logits > 0).all()


@pytest.mark.parametrize('cls_logits, mask_logits', [
    pytest.param(torch.tensor([[-9.0, -9, 9]]), torch.full((1, 4, 4), 9.0), id='no object'),
    pytest.param(torch.tensor([[9.0, -9, -9]]), torch.full((1, 4, 4), -9.0), id='empty mask'),
    pytest.param(torch.zeros(0, 3), torch.zeros(0, 4, 4), id='no query'),
])
def test_nothing_there_gives_no_candidate(cls_logits, mask_logits):
    instances = SemanticCandidates.from_logits(cls_logits, mask_logits, (16, 16))
    shapes = {name: tuple(value.shape) for name, value in instances.items()}
    assert shapes == dict(labels=(0, ), class_probs=(0, 2), class_scores=(0, ),
                          mask_logits=(0, 4, 4))
    assert resolve_masks(instances).masks.shape == (0, 16, 16)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16], ids=str)
def test_autocast_does_not_change_large_regions(dtype):
    """A region of 66,800 cells has more than float16 can count."""
    cls_logits = torch.tensor([[8.0, -8, 0, -8], [-8, 0.5, 6, 0], [-8, 1, 8, -8]])
    mask_logits = torch.full((3, 200, 334), -5.0)
    mask_logits[0] = 3.3
    mask_logits[1, :, 300:] = 9.1
    expected = SemanticCandidates.from_logits(cls_logits, mask_logits, (800, 1336))
    whole = SemanticCandidates.from_logits(cls_logits[:1], mask_logits[:1], (800, 1336))
    with torch.autocast('cpu', dtype=dtype):
        found = SemanticCandidates.from_logits(cls_logits, mask_logits, (800, 1336))
        found_whole = SemanticCandidates.from_logits(cls_logits[:1], mask_logits[:1], (800, 1336))
        scores = resolve_masks(found_whole).mask_scores
    assert (found_whole.mask_logits > 0).sum() > torch.finfo(torch.float16).max
    score = cls_logits[0].softmax(0)[0] * torch.tensor(3.3).sigmoid()
    assert torch.allclose(whole.class_scores, score, rtol=1e-5)
    for one, other in ((found, expected), (found_whole, whole)):
        assert one.labels.tolist() == other.labels.tolist()
        for name in ('class_probs', 'class_scores', 'mask_logits'):
            assert one[name].dtype == torch.float32 and torch.equal(one[name], other[name])
    assert torch.allclose(scores, resolve_masks(whole).mask_scores, atol=1e-2)


def test_the_teacher_is_asked_once_and_masks_stay_at_stride_4():
    detector = toy_detector()
    detector.type = 'SemanticMask2Former'
    teacher = MODELS.build(detector).eval()
    candidates = MODELS.build(dict(type='SemanticCandidates'))
    with torch.no_grad():
        results = candidates(teacher, torch.randn(2, 3, SIZE, SIZE), [labeled_sample()] * 2)
    assert len(results) == 2
    assert all(instances.mask_logits.shape[1:] == (SIZE // 4, SIZE // 4) for instances in results)
