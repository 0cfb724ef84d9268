"""COCO's average precision of predictions that have been judged.

Axes: D predictions of all images, K classes.
"""

from typing import Optional

import numpy as np

RECALLS = np.linspace(0, 1, 101)


def mean_ap(scores: np.ndarray, labels: np.ndarray, correct: np.ndarray, objects: np.ndarray,
            found: Optional[np.ndarray] = None) -> float:
    """COCO's AP of the classes that have objects, and its mean.

    Args:
        scores: (D,).
        labels: (D,), in [0, K).
        correct: bool (D,).
        objects: number of true instances of each class, (K,).
        found: the numbers that recall is asked of, if they are smaller, (K,).

    Returns:
        In [0, 1].
    """
    found = objects if found is None else found
    return float(np.mean([
        average_precision(scores[labels == label], correct[labels == label], found[label])
        for label in np.flatnonzero(objects)]))


def average_precision(scores: np.ndarray, correct: np.ndarray, num_objects: int) -> float:
    """Precision at 101 recalls, averaged; as pycocotools does it.

    Args:
        scores: of one class, (D,).
        correct: bool (D,).
        num_objects: true instances of the class; of none nothing is missed, which gives 1.

    Returns:
        In [0, 1].
    """
    if not num_objects:
        return 1.0
    hits = np.cumsum(correct[np.argsort(-scores, kind='stable')])
    precision = hits / np.arange(1, len(hits) + 1)
    precision = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0)
    return float(precision[np.searchsorted(hits / num_objects, RECALLS)].mean())
