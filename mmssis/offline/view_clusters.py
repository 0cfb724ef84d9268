"""Detections of several views of an image that are one object.

Axes: D detections of all views, N of one view, S cells per side of a mask's grid.
"""

from typing import List, Optional, Sequence

import torch
from mmdet.structures.bbox import bbox_overlaps
from torch import Tensor

from mmssis.ops import binary_mask_iou, sample_box_maps

from .detections import SoftDetections

IOU_THR = 0.5


def merge_views(views: Sequence[SoftDetections], score_thr: float,
                max_per_image: int) -> SoftDetections:
    """Detections of several views of one image as one.

    Greedy: the best detection left starts a cluster; from every other view the detection of the
    same class whose mask overlaps with its own the most joins, if the IoU is at least 0.5. The
    score of a cluster is the sum of its members' divided by the number of views, so that what
    few views see counts little; its box and its mask, on the grid of that box, are their means.

    Args:
        views: detections of each view, in the image.
        score_thr: clusters whose score is not above it are dropped.
        max_per_image: clusters to keep.

    Returns:
        One detection per cluster by descending score; with one view those of the view.
    """
    every = SoftDetections(*(torch.cat([getattr(view, name) for view in views]) for name in
                             ('boxes', 'scores', 'labels', 'mask_probs')))
    if len(every) == 0:
        return every
    sources = torch.arange(len(views)).repeat_interleave(torch.tensor([len(v) for v in views]))
    owner = clusters_of(every, sources).to(every.scores.device)
    scores = _sum_by(owner, every.scores) / len(views)
    kept = scores.argsort(descending=True, stable=True)[:max_per_image]
    return _means(every, owner, kept[scores[kept] > score_thr], scores)


def clusters_of(every: SoftDetections, sources: Tensor) -> Tensor:
    """Which detections are the same object, see :func:`merge_views`.

    Args:
        every: D detections in the image.
        sources: the view of each, (D,) long, on the CPU.

    Returns:
        Index of each detection's cluster (D,) long, on the CPU; clusters count from 0.
    """
    boxes, labels = every.boxes.cpu(), every.labels.cpu()
    # Masks whose boxes are apart need no look.
    possible = (bbox_overlaps(boxes, boxes) > 0) & (labels[:, None] == labels) & (
        sources[:, None] != sources)
    owner = torch.full((len(every), ), -1)
    count = 0
    for head in every.scores.cpu().argsort(descending=True, stable=True).tolist():
        if owner[head] >= 0:
            continue
        owner[head] = count
        others = (possible[head] & (owner < 0)).nonzero()[:, 0]
        if len(others):
            owner[_partners(every, head, others, sources)] = count
        count += 1
    return owner


def _partners(every: SoftDetections, head: int, others: Tensor, sources: Tensor) -> List[int]:
    """Of each view the detection that overlaps with the head the most, if it does enough."""
    ious = mask_ious(every, head, others.to(every.boxes.device)).cpu()
    best = {}
    for i in ious.argsort(descending=True, stable=True).tolist():
        if ious[i] >= IOU_THR:
            best.setdefault(int(sources[others[i]]), int(others[i]))
    return list(best.values())


def mask_ious(detections: SoftDetections, head: int, others: Tensor) -> Tensor:
    """IoU of one detection's mask with others', on a grid over both boxes.

    The grid is as fine as the masks' own, so that small objects are compared as exactly as large
    ones. A pixel belongs to a mask if its probability is at least 0.5.

    Args:
        detections: N detections.
        head: index of the one.
        others: indices of the others, (n,) long.

    Returns:
        (n,) float32, in [0, 1].
    """
    boxes, maps = detections.boxes, detections.mask_probs
    rois = torch.cat([torch.minimum(boxes[head, :2], boxes[others, :2]),
                      torch.maximum(boxes[head, 2:], boxes[others, 2:])], 1)
    masks = [
        sample_box_maps(maps[inds], boxes[inds], torch.eye(3), rois, maps.shape[-1]) >= 0.5
        for inds in (torch.full_like(others, head), others)
    ]
    return binary_mask_iou(*masks)


def _means(every: SoftDetections, owner: Tensor, kept: Tensor, scores: Tensor) -> SoftDetections:
    """Clusters ``kept`` of all, with the means of their members' boxes and masks."""
    place = torch.full_like(scores, -1, dtype=torch.long)
    place[kept] = torch.arange(len(kept), device=kept.device)
    members = place[owner] >= 0
    every, owner = every[members], place[owner][members]
    sizes = torch.bincount(owner, minlength=len(kept))
    boxes = _sum_by(owner, every.boxes, len(kept)) / sizes[:, None]
    size = every.mask_probs.shape[-1]
    moved = sample_box_maps(every.mask_probs, every.boxes, torch.eye(3), boxes[owner], size)
    masks = _sum_by(owner, moved, len(kept)) / sizes[:, None, None]
    labels = torch.zeros_like(kept).index_copy_(0, owner, every.labels)
    return SoftDetections(boxes, scores[kept], labels, masks.clamp(0, 1))


def _sum_by(owner: Tensor, values: Tensor, count: Optional[int] = None) -> Tensor:
    """Sums (C, ...) of values (D, ...) that share an owner."""
    count = int(owner.max()) + 1 if count is None else count
    return values.new_zeros(count, *values.shape[1:]).index_add_(0, owner, values)
