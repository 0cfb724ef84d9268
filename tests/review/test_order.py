"""The order of the images: each part, and the sum."""

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mmssis.review.disagreement import Seen, disagreement
from mmssis.review.diversity import distances, unit_features
from mmssis.review.order import Candidate, order
from mmssis.review.rarity import class_rarity, rarity


def seen(*instances):
    """Instances as (first column, past the last column, class) on an image of 4 x 20."""
    masks = []
    for first, last, _ in instances:
        mask = np.zeros((4, 20), np.uint8)
        mask[:, first:last] = 1
        masks.append(coco_mask.encode(np.asfortranarray(mask)))
    return Seen(masks, [label for *_, label in instances])


@pytest.mark.parametrize('first, second, expected', [
    pytest.param([], [], 0, id='nothing in both'),
    pytest.param([(0, 4, 0)], [], 1, id='one is missed'),
    pytest.param([], [(0, 4, 0), (8, 12, 1)], 1, id='two are missed'),
    pytest.param([(0, 4, 0), (8, 12, 1)], [(8, 12, 1), (0, 4, 0)], 0, id='equal, another order'),
    pytest.param([(0, 4, 0)], [(0, 4, 1)], 1, id='another class'),
    pytest.param([(0, 8, 0)], [(0, 6, 0)], 0.25, id='another mask'),
    pytest.param([(0, 4, 0)], [(3, 7, 0)], 1, id='below the limit: two objects'),
    pytest.param([(0, 4, 0), (8, 12, 0)], [(0, 4, 0)], 0.5, id='one of two is missed'),
    pytest.param([(0, 4, 0), (0, 4, 0)], [(0, 4, 0)], 0.5, id='a duplicate has no partner'),
    pytest.param([(0, 10, 0)], [(0, 9, 1), (1, 10, 0)], 0.55, id='of equal masks the equal class'),
])
def test_disagreement(first, second, expected):
    found = disagreement(seen(*first), seen(*second))
    assert found == pytest.approx(expected)
    assert disagreement(seen(*second), seen(*first)) == pytest.approx(found)


@pytest.mark.parametrize('labels, counts, expected', [
    pytest.param([], [3, 1], 0, id='nothing is predicted'),
    pytest.param([0], [3], 1, id='one class'),
    pytest.param([1], [3, 1], 1, id='the rarest'),
    pytest.param([0, 0], [3, 1], 0.5, id='not the rarest'),
    pytest.param([0, 1], [3, 1], 1, id='the rarest counts'),
    pytest.param([1], [9, 0], 1, id='without a label'),
    pytest.param([0], [9, 0], 0.1, id='beside one without a label'),
])
def test_rarity(labels, counts, expected):
    assert rarity(labels, counts) == pytest.approx(expected)
    assert class_rarity([]) == []


@pytest.mark.parametrize('known, expected', [
    pytest.param(np.zeros((0, 2)), [1, 1, 1], id='nothing is known'),
    pytest.param([[2, 0]], [0, 0.5**0.5, 1], id='length does not count'),
    pytest.param([[1, 0], [-3, 0]], [0, 0.5**0.5, 0], id='the nearest counts'),
    pytest.param([[0, 0]], [0.5**0.5] * 3, id='a vector of zeros'),
])
def test_distances(known, expected):
    features = unit_features(np.array([[1, 0], [0, 5], [-1, 0]]))
    assert distances(features, unit_features(np.array(known))) == pytest.approx(expected)


def image(name, disagreement, rarity, *features):
    return Candidate(name, disagreement, rarity, np.array(features, float))


NONE = np.zeros((0, 2))


@pytest.mark.parametrize('images, labeled, count, expected', [
    pytest.param([], NONE, 3, '', id='no image'),
    pytest.param([image('a', 0, 0, 1, 0)], NONE, 3, 'a', id='fewer than asked for'),
    pytest.param([image('b', 0, 0, 1, 0), image('a', 0, 0, 1, 0)], NONE, 1, 'a', id='tie: name'),
    pytest.param([image('a', .1, 0, 1, 0), image('b', .2, 0, 1, 0)], NONE, 2, 'ba',
                 id='disagreement'),
    pytest.param([image('a', 0, .1, 1, 0), image('b', 0, .2, 1, 0)], NONE, 2, 'ba', id='rarity'),
    pytest.param([image('a', 0, 0, 1, 0), image('b', 0, 0, 0, 1)], np.array([[1., 0]]), 2, 'ba',
                 id='far from the labeled ones'),
    pytest.param([image('a', 0, 0, 1, 0), image('b', 0, 0, 1, 0), image('c', 0, 0, 0, 1)], NONE, 3,
                 'acb', id='far from the chosen ones'),
    pytest.param([image('a', 0, 0, 1, 0), image('b', 0, 0, 1, 0)], np.array([[1., 0]]), 2, 'ab',
                 id='all alike and known'),
])
def test_order(images, labeled, count, expected):
    found = order(images, labeled, count)
    assert ''.join(place.name for place in found) == expected
    assert order(images[::-1], labeled, count) == found


def test_the_parts_stand_beside_the_value():
    first, second = order([image('a', .4, .2, 1, 0), image('b', .2, .2, 0, 1)],
                          np.array([[1., 0]]), 2)
    assert first == ('b', pytest.approx(.5 + 1 + 1), .2, .2, pytest.approx(.5**.5))
    assert second == ('a', pytest.approx(1 + 1 + 0), .4, .2, 0)
