"""The order in which unlabeled images are looked at."""

from typing import List, NamedTuple, Sequence

import numpy as np

from .diversity import distances, unit_features

WEIGHTS = dict(disagreement=1.0, rarity=1.0, diversity=1.0)
"""What the parts count; each is divided by its largest value before."""


class Candidate(NamedTuple):
    """An unlabeled image.

    Attributes:
        name: its file, which breaks ties.
        disagreement: of :func:`~mmssis.review.disagreement.disagreement`, in [0, 1].
        rarity: of :func:`~mmssis.review.rarity.rarity`, in [0, 1].
        features: (D,), of the image.
    """

    name: str
    disagreement: float
    rarity: float
    features: np.ndarray


class Place(NamedTuple):
    """An image in the order, with the reason why it stands there.

    Attributes:
        name: its file.
        value: weighted sum of the three parts, each divided by its largest value over all
            candidates (of ``diversity``: that before the first choice).
        disagreement: as in the candidate.
        rarity: as in the candidate.
        diversity: distance to the nearest image that is labeled or stands before, in [0, 1].
    """

    name: str
    value: float
    disagreement: float
    rarity: float
    diversity: float


def order(candidates: Sequence[Candidate], labeled: np.ndarray, count: int) -> List[Place]:
    """Choose images one after the other, each time the one with the largest value.

    Args:
        candidates: the unlabeled images, with distinct names.
        labeled: (M, D), features of the labeled images; M may be 0.
        count: how many to choose.

    Returns:
        At most ``count`` images, the first to be looked at first; the same for the same images in
        any order.
    """
    images = sorted(candidates, key=lambda image: image.name)
    if not images:
        return []
    features = unit_features(np.stack([image.features for image in images]))
    far = distances(features, unit_features(labeled))
    fixed = (WEIGHTS['disagreement'] * _scaled([image.disagreement for image in images])
             + WEIGHTS['rarity'] * _scaled([image.rarity for image in images]))
    largest = far.max() or 1.0
    is_left = np.ones(len(images), bool)
    places = []
    for _ in range(min(count, len(images))):
        value = fixed + WEIGHTS['diversity'] * far / largest
        # argmax takes the first of equal ones; rounding makes equal what differs in the last bit.
        chosen = int(np.where(is_left, value.round(9), -1).argmax())
        image = images[chosen]
        places.append(Place(image.name, float(value[chosen]), image.disagreement, image.rarity,
                            float(far[chosen])))
        is_left[chosen] = False
        far = np.minimum(far, distances(features, features[chosen:chosen + 1]))
    return places


def _scaled(values: Sequence[float]) -> np.ndarray:
    """Values divided by the largest; zeros stay."""
    array = np.asarray(values, np.float64)
    return array / (array.max() or 1.0)
