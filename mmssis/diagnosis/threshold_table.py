"""Precision and recall of pseudo labels over the thresholds of their filter.

Axes: D candidates of all images, A scores of each that have a threshold.
"""

from itertools import product
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from scipy.stats import binomtest

LEAST = 10
"""Thresholds that keep fewer instances are not suggested: their precision says nothing."""


class Row(NamedTuple):
    """What is known of one setting of the thresholds.

    Attributes:
        thresholds: A of them.
        pseudo: candidates that become pseudo labels.
        correct: objects of which one has the right class and an IoU of at least 0.5.
        objects: true instances.
        low: lower end of the 95 % Wilson interval of the precision.
        high: upper end.
    """

    thresholds: Tuple[float, ...]
    pseudo: int
    correct: int
    objects: int
    low: float
    high: float

    @property
    def precision(self) -> Optional[float]:
        """Share of the pseudo labels that are correct; None without any."""
        return self.correct / self.pseudo if self.pseudo else None

    @property
    def recall(self) -> float:
        """Share of the objects that have a correct pseudo label."""
        return self.correct / max(self.objects, 1)

    def as_dict(self) -> Dict[str, Any]:
        """All numbers, in types of JSON."""
        return dict(self._asdict(), thresholds=list(self.thresholds), precision=self.precision,
                    recall=self.recall)


def kept_by(scores: np.ndarray, thresholds: Sequence[float]) -> np.ndarray:
    """Which candidates reach every threshold, bool (D,).

    Args:
        scores: (D, A).
        thresholds: A of them.
    """
    return (scores >= np.asarray(thresholds)).all(1)


def threshold_table(scores: np.ndarray, objects: np.ndarray, num_objects: int,
                    grids: Sequence[Sequence[float]]) -> List[Row]:
    """Count what each setting keeps.

    Args:
        scores: (D, A), in [0, 1].
        objects: number of the true instance, over all images, that the candidate has the class of
            and covers with an IoU of at least 0.5; -1 for none; (D,).
        num_objects: true instances of all images.
        grids: A lists of thresholds.

    Returns:
        A row for each combination, in the order of :func:`itertools.product`. An object that
        several pseudo labels cover counts once as correct.
    """
    return [_row(thresholds, objects[kept_by(scores, thresholds)], num_objects)
            for thresholds in product(*grids)]


def _row(thresholds: Tuple[float, ...], objects: np.ndarray, num_objects: int) -> Row:
    """Count pseudo labels, of which the objects are given."""
    correct, pseudo = len(np.unique(objects[objects >= 0])), len(objects)
    low, high = 0.0, 1.0
    if pseudo:
        low, high = map(float, binomtest(correct, pseudo).proportion_ci(0.95, method='wilson'))
    return Row(tuple(map(float, thresholds)), pseudo, correct, num_objects, low, high)


def suggest(rows: Sequence[Row], precision: float) -> Optional[Row]:
    """The setting with the highest recall of those that reach a precision.

    Args:
        rows: of :func:`threshold_table`.
        precision: to reach, in (0, 1].

    Returns:
        Of equal ones the strictest; None if none with at least :data:`LEAST` pseudo labels reaches
        it.
    """
    reached = [row for row in rows if row.pseudo >= LEAST and row.correct / row.pseudo >= precision]
    return max(reached, key=lambda row: (row.correct, row.precision, row.thresholds),
               default=None)


def most_precise(rows: Sequence[Row]) -> Optional[Row]:
    """The setting with the highest precision; None if none keeps :data:`LEAST` candidates."""
    return max((row for row in rows if row.pseudo >= LEAST),
               key=lambda row: (row.precision, row.correct), default=None)
