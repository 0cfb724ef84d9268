"""How far an image is from those that are labeled or chosen already."""

import numpy as np


def unit_features(features: np.ndarray) -> np.ndarray:
    """Features of length 1.

    Args:
        features: (N, D), one vector for each image.

    Returns:
        (N, D), float64; vectors of zeros stay.
    """
    features = np.asarray(features, np.float64)
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.where(lengths > 0, lengths, 1)


def distances(features: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Distance of each image to the nearest known one.

    The greedy step of k-center takes the image whose distance is the largest: Sener and Savarese,
    "Active Learning for Convolutional Neural Networks: A Core-Set Approach", ICLR 2018.

    Args:
        features: (N, D), of :func:`unit_features`.
        known: (M, D), of :func:`unit_features`.

    Returns:
        (N,), in [0, 1]: half the Euclidean distance; 1 where nothing is known.
    """
    if not len(known):
        return np.ones(len(features))
    cosine = np.clip(features @ known.T, -1, 1).max(axis=1)
    return np.sqrt((1 - cosine) / 2)
