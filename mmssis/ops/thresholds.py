"""Which candidates become pseudo labels."""
from typing import Union

from torch import Tensor

from ._checks import check_fraction, check_ndim, check_same_shape


def dual_threshold(class_scores: Tensor, mask_scores: Tensor, class_thr: Union[float, Tensor],
                   mask_thr: Union[float, Tensor]) -> Tensor:
    """Keep instances whose class and mask are both good (decoupled dual-threshold filtering).

    PL-DC, Eq. 5: ``class_score >= class_thr and mask_score >= mask_thr``.

    Args:
        class_scores: class quality (N,) in [0, 1].
        mask_scores: mask quality (N,) in [0, 1].
        class_thr: one number in [0, 1], or one threshold per instance (N,).
        mask_thr: one number in [0, 1], or one threshold per instance (N,).

    Returns:
        bool (N,), True where the instance is kept. NaN scores are not kept.

    Raises:
        ValueError: shapes differ or a threshold is outside [0, 1].
        TypeError: a threshold is neither a number nor a tensor.
    """
    _check_scores(class_scores, mask_scores)
    _check_threshold('class_thr', class_thr, class_scores)
    _check_threshold('mask_thr', mask_thr, mask_scores)
    return (class_scores >= class_thr) & (mask_scores >= mask_thr)


def coupled_threshold(class_scores: Tensor, mask_scores: Tensor,
                      score_thr: Union[float, Tensor]) -> Tensor:
    """Keep instances whose product of class and mask quality is high.

    PL-DC, Tab. 3: the baseline to the dual threshold, with ``score_thr = 0.9 * 0.85 = 0.765``.
    The bound itself is kept, as in Eq. 5.

    Args:
        class_scores: class quality (N,) in [0, 1].
        mask_scores: mask quality (N,) in [0, 1].
        score_thr: one number in [0, 1], or one threshold per instance (N,).

    Returns:
        bool (N,), True where ``class_score * mask_score >= score_thr``.

    Raises:
        ValueError: shapes differ or the threshold is outside [0, 1].
        TypeError: the threshold is neither a number nor a tensor.
    """
    _check_scores(class_scores, mask_scores)
    _check_threshold('score_thr', score_thr, class_scores)
    return class_scores * mask_scores >= score_thr


def _check_scores(class_scores: Tensor, mask_scores: Tensor) -> None:
    check_ndim('class_scores', class_scores, 'N')
    check_ndim('mask_scores', mask_scores, 'N')
    check_same_shape('class_scores', class_scores, 'mask_scores', mask_scores)


def _check_threshold(name: str, threshold: Union[float, Tensor], scores: Tensor) -> None:
    if isinstance(threshold, Tensor):
        check_same_shape(name, threshold, 'scores', scores)
    else:
        check_fraction(name, threshold, 'Set it to a quality between 0 and 1, for example 0.9.')
