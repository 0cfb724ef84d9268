"""How right pseudo labels are, measured on ground truth that training never sees.

Shapes: N pseudo instances and G ground-truth instances of one image, h x w any common grid.
Everything stays on the device of the masks and needs no copy to the host: counts of images
and ranks are summed first and turned into ratios once.
"""

from typing import Dict, Optional

import torch
from torch import Tensor

MATCH_COUNTS = ('pseudo', 'truth', 'correct', 'mask_matched', 'class_right', 'iou_sum')
"""What the entries of a count vector of :func:`count_matches` mean."""


def pairwise_mask_iou(masks: Tensor, others: Tensor) -> Tensor:
    """IoU of every mask with every other mask.

    Args:
        masks: (N, h, w), bool.
        others: (G, h, w), bool, on the same grid.

    Returns:
        (N, G) float32 in [0, 1]; 0 where both masks are empty.

    Raises:
        ValueError: if the grids differ.
    """
    if masks.shape[1:] != others.shape[1:]:
        raise ValueError(
            f'masks on a grid of {tuple(masks.shape[1:])} cannot be compared with masks on '
            f'{tuple(others.shape[1:])}; bring both to one view with mmssis.ops.affine_masks')
    masks, others = masks.flatten(1).float(), others.flatten(1).float()
    intersection = masks @ others.T
    union = masks.sum(1)[:, None] + others.sum(1)[None] - intersection
    return intersection / union.clamp(min=1)


def match_greedily(iou: Tensor, iou_thr: float = 0.5) -> Tensor:
    """Match rows to columns one to one, the largest IoU first.

    Args:
        iou: (N, G) in [0, 1]; impossible pairs are set to a negative value.
        iou_thr: smallest IoU of a match, in (0, 1].

    Returns:
        (N,) long: the column that each row was given, -1 for none.
    """
    matches = iou.new_full((iou.shape[0],), -1, dtype=torch.long)
    remaining = iou.clone()
    for _ in range(min(iou.shape)):
        # Indices of shape (1,), since an index of no dimension is copied to the host.
        best, index = remaining.view(1, -1).max(1)
        row, column = index // iou.shape[1], index % iou.shape[1]
        matches[row] = torch.where(best >= iou_thr, column, matches[row])
        remaining[row] = -1
        remaining[:, column] = -1
    return matches


def count_matches(pseudo_masks: Tensor,
                  pseudo_labels: Tensor,
                  gt_masks: Tensor,
                  gt_labels: Tensor,
                  iou_thr: float = 0.5,
                  crowd_masks: Optional[Tensor] = None) -> Tensor:
    """Compare the pseudo labels of one image with its ground truth.

    Precision and recall match within a class; mask precision, mask IoU and class accuracy
    match whatever the class, which tells wrong masks from wrong classes.

    Args:
        pseudo_masks: (N, h, w), bool.
        pseudo_labels: (N,), long.
        gt_masks: (G, h, w), bool.
        gt_labels: (G,), long.
        iou_thr: smallest mask IoU of a match, in (0, 1].
        crowd_masks: (C, h, w), bool: regions that count neither for nor against. A pseudo
            instance without a match that lies to half of its area in one is left out.

    Returns:
        (6,) float32, named by :data:`MATCH_COUNTS`; sums over images may be added up.
    """
    iou = pairwise_mask_iou(pseudo_masks, gt_masks)
    same_class = pseudo_labels[:, None] == gt_labels[None]
    correct = match_greedily(iou.where(same_class, iou.new_tensor(-1.)), iou_thr) >= 0
    matches = match_greedily(iou, iou_thr)
    matched = matches >= 0
    if len(gt_labels):
        pairs = matches.clamp(min=0)[:, None]
        class_right = matched & same_class.gather(1, pairs)[:, 0]
        matched_iou = iou.gather(1, pairs)[:, 0] * matched
    else:
        class_right, matched_iou = matched, matched.float()
    counted = torch.ones_like(matched)
    if crowd_masks is not None:
        counted = matched | correct | ~lie_in(pseudo_masks, crowd_masks)
    return torch.stack([
        counted.sum().float(), iou.new_tensor(float(len(gt_labels))), correct.sum().float(),
        matched.sum().float(), class_right.sum().float(), matched_iou.sum()])


def lie_in(masks: Tensor, regions: Tensor) -> Tensor:
    """Whether at least half of each mask lies in the union of regions.

    Args:
        masks: (N, h, w), bool.
        regions: (C, h, w), bool, on the same grid.

    Returns:
        bool (N,); False for an empty mask.
    """
    area = masks.flatten(1).sum(1)
    inside = (masks & regions.any(0)[None]).flatten(1).sum(1)
    return (area > 0) & (2 * inside >= area)


def quality_from_counts(counts: Tensor) -> Dict[str, float]:
    """Turn summed counts into ratios.

    Args:
        counts: (6,), sum of the results of :func:`count_matches`.

    Returns:
        ``precision``, ``recall``, ``mask_precision``, ``class_accuracy`` (of mask-matched
        instances) and ``mask_iou`` (mean, of mask-matched instances), each in [0, 1]; a ratio
        whose denominator is 0 is left out.
    """
    count = dict(zip(MATCH_COUNTS, counts.tolist()))
    ratios = dict(
        precision=(count['correct'], count['pseudo']),
        recall=(count['correct'], count['truth']),
        mask_precision=(count['mask_matched'], count['pseudo']),
        class_accuracy=(count['class_right'], count['mask_matched']),
        mask_iou=(count['iou_sum'], count['mask_matched']))
    return {name: part / whole for name, (part, whole) in ratios.items() if whole}
