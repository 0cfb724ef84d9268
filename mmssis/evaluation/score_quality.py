"""How well scores know the quality of a mask (PL-DC, Fig. 2; PAIS, Fig. 1)."""

from typing import Optional

import numpy as np
from scipy.stats import spearmanr


def rank_correlation(scores: np.ndarray, iou: np.ndarray) -> Optional[float]:
    """Spearman's rank correlation: 1 where the order by score is the order by IoU.

    Args:
        scores: (N,), any real numbers.
        iou: (N,), in [0, 1].

    Returns:
        In [-1, 1]; None where it does not exist: fewer than two values, or all of them equal.
    """
    if len(scores) < 2 or np.ptp(scores) == 0 or np.ptp(iou) == 0:
        return None
    return float(spearmanr(scores, iou)[0])
