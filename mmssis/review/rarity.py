"""How rare the classes of an image are among the labels."""

from typing import List, Sequence


def class_rarity(counts: Sequence[int]) -> List[float]:
    """Rarity of each class, from its number of labeled instances.

    The rarity of a class with n instances is (1 + m) / (1 + n), where m is the number of the
    rarest class: inverse frequency, with one instance added to each class.

    Args:
        counts: labeled instances of each of K classes.

    Returns:
        K numbers in (0, 1]; 1 for the rarest class.
    """
    least = min(counts, default=0)
    return [(1 + least) / (1 + count) for count in counts]


def rarity(labels: Sequence[int], counts: Sequence[int]) -> float:
    """Rarity of the rarest class that is predicted in an image.

    Args:
        labels: classes of the predicted instances, places in ``counts``.
        counts: labeled instances of each class.

    Returns:
        In [0, 1]; 0 where nothing is predicted.
    """
    by_class = class_rarity(counts)
    return max((by_class[label] for label in labels), default=0.0)
