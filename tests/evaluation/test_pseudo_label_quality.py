"""Pseudo-label quality against hand-made masks."""

import pytest
import torch

from mmssis.evaluation import (MATCH_COUNTS, count_matches, match_greedily, pairwise_mask_iou,
                               quality_from_counts)


def columns(*spans):
    """Masks (N, 1, 20) that cover the given half-open spans of columns."""
    masks = torch.zeros(len(spans), 1, 20, dtype=torch.bool)
    for mask, (start, end) in zip(masks, spans):
        mask[0, start:end] = True
    return masks


def labels(*values):
    return torch.tensor(values, dtype=torch.long)


def test_pairwise_mask_iou():
    found = pairwise_mask_iou(columns((0, 4), (0, 0)), columns((0, 4), (2, 6), (8, 9), (0, 0)))
    assert torch.allclose(found, torch.tensor([[1., 2 / 6, 0., 0.], [0., 0., 0., 0.]]))
    with pytest.raises(ValueError, match='affine_masks'):
        pairwise_mask_iou(columns((0, 1)), torch.zeros(1, 2, 20, dtype=torch.bool))


@pytest.mark.parametrize('iou, expected', [
    pytest.param(torch.zeros(0, 3), [], id='no row'),
    pytest.param(torch.zeros(2, 0), [-1, -1], id='no column'),
    pytest.param(torch.tensor([[.6], [.9]]), [-1, 0], id='duplicate: the better one wins'),
    pytest.param(torch.tensor([[.9, .8], [.85, .1]]), [0, -1], id='greedy, not optimal'),
    pytest.param(torch.tensor([[.5]]), [0], id='the threshold itself matches'),
    pytest.param(torch.tensor([[.49]]), [-1], id='below the threshold'),
])
def test_match_greedily(iou, expected):
    assert match_greedily(iou).tolist() == expected


NOTHING = columns()
TABLE = [
    pytest.param(NOTHING, labels(), NOTHING, labels(), {}, id='nothing anywhere'),
    pytest.param(NOTHING, labels(), columns((0, 4)), labels(1), dict(recall=0.), id='no pseudo'),
    pytest.param(columns((0, 4)), labels(1), NOTHING, labels(),
                 dict(precision=0., mask_precision=0.), id='no truth'),
    pytest.param(columns((0, 4)), labels(1), columns((0, 4)), labels(1),
                 dict(precision=1., recall=1., mask_precision=1., class_accuracy=1., mask_iou=1.),
                 id='perfect'),
    pytest.param(columns((0, 4)), labels(0), columns((0, 4)), labels(1),
                 dict(precision=0., recall=0., mask_precision=1., class_accuracy=0., mask_iou=1.),
                 id='right mask, wrong class'),
    pytest.param(columns((0, 4), (0, 4)), labels(1, 1), columns((0, 4), (10, 14)), labels(1, 1),
                 dict(precision=.5, recall=.5, mask_precision=.5, class_accuracy=1., mask_iou=1.),
                 id='a duplicate counts once'),
    pytest.param(columns((0, 4), (10, 13)), labels(1, 0), columns((0, 4), (10, 14)), labels(1, 1),
                 dict(precision=.5, recall=.5, mask_precision=1., class_accuracy=.5,
                      mask_iou=(1 + .75) / 2), id='one class wrong, one mask rough'),
    pytest.param(columns((0, 4), (0, 3)), labels(0, 1), columns((0, 4)), labels(1),
                 dict(precision=.5, recall=1., mask_precision=.5, class_accuracy=0., mask_iou=1.),
                 id='class-aware matching ignores the better mask of another class'),
]


@pytest.mark.parametrize('masks, classes, gt_masks, gt_classes, expected', TABLE)
def test_quality(masks, classes, gt_masks, gt_classes, expected):
    counts = count_matches(masks, classes, gt_masks, gt_classes)
    assert quality_from_counts(counts) == pytest.approx(expected)


def test_counts_of_images_add_up():
    first = count_matches(columns((0, 4)), labels(1), columns((0, 4)), labels(1))
    second = count_matches(columns((0, 4)), labels(1), NOTHING, labels())
    assert len(first) == len(MATCH_COUNTS)
    assert quality_from_counts(first + second)['precision'] == .5


def test_an_unmatched_mask_in_a_crowd_is_left_out():
    counts = count_matches(
        columns((0, 4), (10, 14)), labels(1, 1), columns((0, 4)), labels(1),
        crowd_masks=columns((9, 15)))
    assert quality_from_counts(counts)['precision'] == 1.
    counts = count_matches(
        columns((10, 14)), labels(1), columns((0, 4)), labels(1), crowd_masks=NOTHING)
    assert quality_from_counts(counts)['precision'] == 0.
