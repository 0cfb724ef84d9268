"""Precision and recall over thresholds."""

import numpy as np
import pytest

from mmssis.diagnosis.threshold_table import LEAST, Row, most_precise, suggest, threshold_table

# why: scores, objects, thresholds; pseudo labels, correct ones
KEPT = {
    'no candidate': (np.zeros((0, 2)), [], (.5, .5), 0, 0),
    'none is kept': ([[.4, .9]], [0], (.5, .5), 0, 0),
    'at the threshold it is kept': ([[.5, .5]], [0], (.5, .5), 1, 1),
    'each score counts': ([[.9, .4], [.4, .9], [.9, .9]], [0, 1, 2], (.5, .5), 1, 1),
    'an object counts once': ([[.9, .9], [.9, .9]], [3, 3], (.5, .5), 2, 1),
    'one that covers nothing': ([[.9, .9], [.9, .9]], [-1, 0], (.5, .5), 2, 1),
}


@pytest.mark.parametrize('scores, objects, thresholds, pseudo, correct', KEPT.values(), ids=KEPT)
def test_what_is_kept(scores, objects, thresholds, pseudo, correct):
    row, = threshold_table(np.asarray(scores), np.asarray(objects, int), 4,
                           [(value, ) for value in thresholds])
    assert (row.thresholds, row.pseudo, row.correct) == (thresholds, pseudo, correct)
    assert row.recall == correct / 4 and row.precision == (correct / pseudo if pseudo else None)
    assert 0 <= row.low <= (row.precision or 0) <= row.high <= 1


def test_interval_and_order():
    rows = threshold_table(np.full((50, 1), .5), np.r_[np.arange(35), np.full(15, -1)], 100,
                           [(.2, .4)])
    assert [row.thresholds for row in rows] == [(.2, ), (.4, )]
    # Wilson's formula by hand.
    p, n, z2 = .7, 50, 1.959964**2
    half = (p * (1 - p) / n + z2 / (4 * n * n))**.5 * z2**.5
    assert rows[0].low == pytest.approx((p + z2 / (2 * n) - half) / (1 + z2 / n), abs=1e-6)


def row(thr, pseudo, correct):
    """A row of one threshold."""
    return Row((thr, ), pseudo, correct, 100, 0, 1)


# why: rows, precision; threshold
SUGGESTED = {
    'the highest recall': ([row(.1, 80, 40), row(.3, 50, 36), row(.5, 30, 27)], .7, .3),
    'no other is precise enough': ([row(.1, 80, 40), row(.5, 30, 27)], .8, .5),
    'too few pseudo labels say nothing': ([row(.1, 80, 40), row(.9, LEAST - 1, 8)], .7, None),
    'none reaches it': ([row(.1, 80, 40)], .7, None),
    'of the same recall the more precise': ([row(.1, 50, 36), row(.3, 40, 36)], .7, .3),
    'of equal ones the strictest': ([row(.1, 50, 36), row(.3, 50, 36)], .7, .3),
    'none keeps anything': ([row(.1, 0, 0)], .7, None),
}


@pytest.mark.parametrize('rows, precision, threshold', SUGGESTED.values(), ids=SUGGESTED)
def test_suggestion(rows, precision, threshold):
    found = suggest(rows, precision)
    assert (None if found is None else found.thresholds[0]) == threshold


def test_the_most_precise_with_enough_pseudo_labels():
    assert most_precise([row(.1, 80, 40), row(.5, 20, 12), row(.9, 3, 3)]).thresholds == (.5, )
    assert most_precise([row(.9, 3, 3)]) is None
