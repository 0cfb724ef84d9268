"""Thresholds under which pseudo labels are distributed as the labels are.

Axes: D detections of a whole unlabeled set, K classes.
"""
import torch
from torch import Tensor

from ._checks import check_fraction, check_ndim, check_same_shape


def match_class_thresholds(scores: Tensor, labels: Tensor, num_images: int,
                           instances_per_image: Tensor) -> Tensor:
    """Threshold of each class that keeps as many instances per image as the labels have.

    Noisy Boundaries, section 3.1. Of all thresholds that make a difference, 0 and the scores
    themselves, the one whose count ``#(score > threshold) / num_images`` is nearest to the labeled
    set's; of equally near ones the lowest. The released code tries 91 thresholds from 0.1 to 1.

    Args:
        scores: of all detections on the unlabeled images, (D,), in [0, 1].
        labels: their classes, (D,) long, in [0, K).
        num_images: number of unlabeled images, those without detections included.
        instances_per_image: mean number of instances of each class in a labeled image, (K,).

    Returns:
        (K,) float, on the device of ``scores``. A class without detections gets 0; one that the
        labels do not have gets its highest score, which keeps none.

    Raises:
        ValueError: shapes differ, ``num_images`` is less than 1, or a label is not below K.
    """
    check_ndim('scores', scores, 'D')
    check_ndim('labels', labels, 'D')
    check_same_shape('scores', scores, 'labels', labels)
    check_ndim('instances_per_image', instances_per_image, 'K')
    if num_images < 1:
        raise ValueError(f'num_images must be at least 1, got {num_images!r}. Count the unlabeled '
                         'images, also those without detections.')
    num_classes = len(instances_per_image)
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < num_classes:
        raise ValueError(f'labels must lie in [0, {num_classes}), got {int(labels.min())} to '
                         f'{int(labels.max())}. Give instances_per_image one entry per class.')
    by_class = labels.argsort(stable=True)
    counts = torch.bincount(labels, minlength=num_classes).tolist()
    wanted = (instances_per_image.double() * num_images).tolist()
    thresholds = [_nearest_threshold(part, count) for part, count in
                  zip(scores[by_class].split(counts), wanted)]
    return scores.new_tensor(thresholds)


def _nearest_threshold(scores: Tensor, wanted: float) -> float:
    """Lowest of the thresholds {0} and ``scores`` that keep a number nearest to ``wanted``."""
    candidates, occurrences = scores.new_zeros(1), scores.new_zeros(1, dtype=torch.long)
    values, counts = torch.unique(scores, return_counts=True)
    positive = values > 0
    candidates = torch.cat([candidates, values[positive]])
    occurrences = torch.cat([occurrences, counts[positive]])
    kept = occurrences.sum() - occurrences.cumsum(0)
    # Ascending thresholds keep ever fewer; argmin of equal distances is the first.
    return float(candidates[(kept.double() - wanted).abs().argmin()])


def match_pixel_threshold(foreground_probs_hist: Tensor, foreground_fraction: float) -> float:
    """Probability above which as many pixels are foreground as in the labels.

    Noisy Boundaries, section 3.1: one threshold for all classes, over the pixels inside the boxes
    that passed the class thresholds. The released code sets 0.42 and 0.44.

    Args:
        foreground_probs_hist: number of pixels per bin of equal width over [0, 1], (bins,), the
            last bin with 1 included.
        foreground_fraction: share of foreground among the pixels inside labeled boxes, in [0, 1].

    Returns:
        The lower edge of a bin, or 1: of these the one for which the share of pixels at or above
        it is nearest to ``foreground_fraction``; of equally near ones the lowest.

    Raises:
        ValueError: the histogram is not one-dimensional, has a negative or no count at all, or the
            fraction is outside [0, 1].
        TypeError: the fraction is not a number.
    """
    check_ndim('foreground_probs_hist', foreground_probs_hist, 'bins')
    check_fraction('foreground_fraction', foreground_fraction,
                   'Count foreground pixels inside labeled boxes and divide by all pixels there.')
    counts = foreground_probs_hist.double()
    total = float(counts.sum())
    if not total > 0 or bool((counts < 0).any()):
        raise ValueError(f'foreground_probs_hist must count pixels, got a sum of {total}. Collect '
                         'it over the boxes that passed the class thresholds; were there any?')
    at_or_above = torch.cat([counts.flip(0).cumsum(0).flip(0), counts.new_zeros(1)]) / total
    edge = int((at_or_above - float(foreground_fraction)).abs().argmin())
    return edge / len(counts)
