"""Matched thresholds against trying them all (Noisy Boundaries section 3.1)."""

import pytest
import torch
from reference import plain_equations
from toy_ops import random

from mmssis.ops import match_class_thresholds, match_pixel_threshold


def detections(count, num_classes, seed=0, digits=None):
    scores, labels = random(2, count, seed=seed).double()
    labels = (num_classes * labels).long()
    return (scores if digits is None else (scores * 10 ** digits).round() / 10 ** digits), labels


@pytest.mark.parametrize('scores, labels, num_images, per_image', [
    pytest.param(*detections(200, 4), 20, [1.0, 0.3, 5.0, 0.0], id='random'),
    pytest.param(*detections(300, 3, digits=1), 10, [4.0, 0.25, 9.9], id='ties'),
    pytest.param(*detections(50, 2), 100, [3.0, 0.01], id='fewer detections than wanted'),
    pytest.param(torch.tensor([0.9, 0.8]), torch.tensor([2, 2]), 1, [1.0, 1.0, 1.0],
                 id='class'),
    pytest.param(torch.tensor([0.5] * 4), torch.zeros(4, dtype=torch.long), 1, [1.0],
                 id='ties alone'),
    pytest.param(torch.tensor([0.0, 0.0, 0.7]), torch.zeros(3, dtype=torch.long), 1, [3.0],
                 id='scores of 0 are never kept'),
])
def test_match_class_thresholds(scores, labels, num_images, per_image):
    found = match_class_thresholds(scores, labels, num_images, torch.tensor(per_image))
    expected = plain_equations.match_class_thresholds(
        scores.tolist(), labels.tolist(), num_images, torch.tensor(per_image).tolist())
    assert found.tolist() == pytest.approx(expected)


def test_thresholds_bring_back_the_counts_of_the_labels():
    scores, labels = detections(5000, 5)
    wanted = torch.tensor([0.5, 1.0, 2.5, 0.1, 4.0])
    thresholds = match_class_thresholds(scores, labels, 100, wanted)
    kept = labels[scores > thresholds[labels]].bincount(minlength=5)
    assert kept.tolist() == [50, 100, 250, 10, 400]


@pytest.mark.parametrize('hist', [
    pytest.param(torch.ones(256), id='even'),
    pytest.param(random(256) * 1000, id='random'),
    pytest.param(torch.tensor([7.0]), id='one bin'),
])
def test_match_pixel_threshold(hist):
    for fraction in (0.0, 0.3, 0.5, 0.58, 1.0):
        assert match_pixel_threshold(hist, fraction) == pytest.approx(
            plain_equations.match_pixel_threshold(hist.tolist(), fraction))


def test_integer_histograms_do_not_overflow():
    hist = torch.full((256, ), 2 ** 40, dtype=torch.long)
    assert match_pixel_threshold(hist, 0.25) == 0.75


SCORES, LABELS, PER_IMAGE = torch.ones(2), torch.zeros(2, dtype=torch.long), torch.ones(1)


@pytest.mark.parametrize('call, error, message', [
    pytest.param(lambda: match_class_thresholds(SCORES, LABELS[:1], 1, PER_IMAGE), ValueError,
                 'same shape', id='lengths'),
    pytest.param(lambda: match_class_thresholds(SCORES, LABELS, 0, PER_IMAGE), ValueError,
                 'num_images must be at least 1, got 0', id='no image'),
    pytest.param(lambda: match_class_thresholds(SCORES, LABELS + 1, 1, PER_IMAGE), ValueError,
                 r'\[0, 1\), got 1 to 1', id='label'),
    pytest.param(lambda: match_pixel_threshold(torch.tensor([1.0, -1.0, 1.0]), 0.5), ValueError,
                 'must count pixels', id='negative'),
    pytest.param(lambda: match_pixel_threshold(torch.ones(4), 1.5), ValueError, '1.5',
                 id='share'),
])
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
