"""Thresholds of a whole unlabeled set, in two passes over its shards.

Axes: D detections of all images, N of one image, K classes, S x S cells of a box's grid.
"""

from array import array
from dataclasses import dataclass
from typing import Iterable, Optional

import numpy as np
import torch
from mmengine.logging import print_log
from torch import Tensor

from mmssis.ops import match_class_thresholds, match_pixel_threshold
from mmssis.utils.settings import check_range

from .label_statistics import LabelStatistics
from .record import Record
from .shards import Folder, read_records

BINS = 256
PIXEL_THR_WITHOUT_DETECTION = 0.5


@dataclass(frozen=True, eq=False)
class Thresholds:
    """What turns detections into pseudo labels.

    Args:
        classes: a detection stays if its score is above that of its class, (K,) float64.
        pixel: a pixel belongs to a mask if its probability is at least this, in [0, 1].
        num_images: number of unlabeled images, those without detection included.
        num_detections: detections of each class on disk, (K,) long.
        num_kept: those above the threshold of their class, (K,) long.
    """

    classes: Tensor
    pixel: float
    num_images: int
    num_detections: Tensor
    num_kept: Tensor

    def keeps(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Which detections stay.

        Args:
            scores: (N,), in [0, 1].
            labels: (N,) long, in [0, K).

        Returns:
            bool (N,).
        """
        return scores > self.classes[labels]


def find_thresholds(folder: Folder, labeled: LabelStatistics, class_thr: Optional[float] = None,
                    pixel_thr: Optional[float] = None) -> Thresholds:
    """Match thresholds to the labeled images (Noisy Boundaries, section 3.1), or set them.

    First those of the classes, then that of the pixels inside the boxes they keep. Of the
    detections, scores and labels alone are held in memory.

    Args:
        folder: folder of the shards.
        labeled: what the labeled images look like.
        class_thr: one threshold for all classes, in [0, 1], also for those that no labeled image
            shows; None matches them, and keeps none of a class without labeled instance.
        pixel_thr: threshold of the pixels, in [0, 1]; None matches it.

    Returns:
        The thresholds.

    Raises:
        ValueError: the folder has no image, a label is not below K, or a threshold is out of
            range.
    """
    for name, value in dict(class_thr=class_thr, pixel_thr=pixel_thr).items():
        if value is not None:
            check_range(name, value, 0, 1)
    scores, labels, num_images = collect_scores(read_records(folder))
    if num_images == 0:
        raise ValueError(f'{folder} holds no unlabeled image: there is nothing to label. Run the '
                         'teacher over images first.')
    num_classes = len(labeled.classes)
    # Also where thresholds are set, since this refuses labels that the classes do not have.
    classes = match_class_thresholds(scores, labels, num_images, labeled.instances_per_image)
    if class_thr is not None:
        classes = torch.full_like(classes, class_thr)
    if pixel_thr is None:
        histogram = pixel_histogram(read_records(folder), classes)
        pixel_thr = _matched_pixel_threshold(histogram, labeled.foreground_fraction, folder)
    return Thresholds(classes, pixel_thr, num_images, labels.bincount(minlength=num_classes),
                      labels[scores > classes[labels]].bincount(minlength=num_classes))


def collect_scores(records: Iterable[Record]) -> tuple[Tensor, Tensor, int]:
    """Scores and labels of all detections.

    Args:
        records: of each image, once.

    Returns:
        ``scores`` (D,) float64, ``labels`` (D,) long, and the number of images.
    """
    scores, labels, num_images = array('d'), array('q'), 0
    for record in records:
        scores.extend(record.scores.tolist())
        labels.extend(record.labels.tolist())
        num_images += 1
    return torch.from_numpy(np.array(scores)), torch.from_numpy(np.array(labels)), num_images


def pixel_histogram(records: Iterable[Record], class_thresholds: Tensor) -> Tensor:
    """How many pixels inside the kept boxes have which mask probability.

    A cell of a grid counts as many pixels as it covers inside the image.

    Args:
        records: of each image, once.
        class_thresholds: (K,) float64.

    Returns:
        (256,) float64, bins of equal width over [0, 1]; 0 if no box is kept.
    """
    histogram = torch.zeros(BINS, dtype=torch.float64)
    for record in records:
        keep = record.scores > class_thresholds[record.labels]
        if not keep.any():
            continue
        kept = record.detections()[keep]
        bins = (kept.mask_probs * BINS).long().clamp(max=BINS - 1)
        areas = _cell_areas(kept.boxes, record.image, record.mask_size)
        histogram += torch.bincount(bins.flatten(), areas.flatten(), BINS)
    return histogram


def _cell_areas(boxes: Tensor, image: dict, size: int) -> Tensor:
    """Pixels of the image that each cell of the boxes' grids covers, (N, S, S)."""
    steps = torch.linspace(0, 1, size + 1, dtype=boxes.dtype)
    left, top, right, bottom = boxes[:, :, None].unbind(1)
    widths = (left + steps * (right - left)).clamp(0, image['width']).diff()
    heights = (top + steps * (bottom - top)).clamp(0, image['height']).diff()
    return heights[:, :, None] * widths[:, None]


def _matched_pixel_threshold(histogram: Tensor, foreground_fraction: float,
                             folder: Folder) -> float:
    """The matched threshold, in the middle of those that keep the same cells."""
    if not histogram.any():
        print_log(f'{folder}: no detection is above the threshold of its class. The file will '
                  'have no annotation.', logger='current', level=30)
        return PIXEL_THR_WITHOUT_DETECTION
    lowest = round(match_pixel_threshold(histogram, foreground_fraction) * BINS)
    # Masks of 0 and 1 leave all bins between empty: the lowest threshold among them would make a
    # mask grow by half a cell when it is pasted, and the middle one does not.
    higher = histogram[lowest:].nonzero()
    gap = int(higher[0]) if len(higher) else 0
    return (lowest + gap / 2) / BINS
