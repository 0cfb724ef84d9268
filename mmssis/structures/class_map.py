"""Which class each cell of a grid belongs to, by pseudo labels and by true masks.

Axes: N instances of one image, K classes, h x w cells of a grid that covers the padded network
input of H x W pixels.
"""

from typing import NamedTuple, Tuple

import torch
import torch.nn.functional as F
from mmdet.models.roi_heads.mask_heads.fcn_mask_head import _do_paste_mask
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from torch import Tensor

Grid = Tuple[int, int]
NO_CLASS = -1
# A cell belongs to an instance whose mask has this probability, or covers this share of it.
FOREGROUND = 0.5


class ClassMap(NamedTuple):
    """Instances of one image, projected to classes.

    Attributes:
        classes: class of each cell, (h, w) long; K for background.
        owners: instance that each cell belongs to, (h, w) long; -1 for background.
        mask_probs: mask probabilities of all instances, (N, h, w) float32.
    """

    classes: Tensor
    owners: Tensor
    mask_probs: Tensor


def project_classes(instances: InstanceData, num_classes: int, grid: Grid) -> ClassMap:
    """Project pseudo labels to classes.

    Each cell belongs to the instance with the largest product of class score and mask
    probability among those whose probability there is at least 0.5. Weighting Pseudo-Labels
    starts from a semantic segmentation; this projection is ours.

    Args:
        instances: N instances with ``labels``, ``class_scores`` and ``mask_logits``, over the
            whole input or on the grids of ``mask_boxes``; metainfo ``input_shape``.
        num_classes: K.
        grid: (h, w).

    Returns:
        Classes, owners and mask probabilities on the grid.
    """
    probs = masks_on_grid(instances, grid)
    scores = instances.class_scores.float()[:, None, None] * probs
    # Row 0 is the background: below every instance that claims a cell, above those that do not.
    background = probs.new_full((1, *grid), -0.5)
    claims = torch.cat([background, torch.where(probs >= FOREGROUND, scores, -1.0)])
    best = claims.argmax(0)
    labels = torch.cat([instances.labels.new_full((1, ), num_classes), instances.labels])
    return ClassMap(labels[best], best - 1, probs)


def masks_on_grid(instances: InstanceData, grid: Grid) -> Tensor:
    """Mask probabilities on a grid over the network input.

    Args:
        instances: N instances as for :func:`project_classes`.
        grid: (h, w).

    Returns:
        (N, h, w) float32; 0 beside the boxes of masks on box grids.
    """
    probs = instances.mask_logits.float().sigmoid()
    if len(probs) == 0:
        return probs.new_zeros((0, *grid))
    if 'mask_boxes' in instances:
        return _paste(probs, instances.mask_boxes, instances.input_shape, grid)
    if probs.shape[1:] != tuple(grid):
        probs = F.interpolate(probs[None], grid, mode='bilinear', align_corners=False)[0]
    return probs


def _paste(probs: Tensor, boxes: Tensor, input_shape: Grid, grid: Grid) -> Tensor:
    """Probabilities (N, s, s) on the grids of boxes as (N, h, w), by mmdet's own pasting."""
    scale = boxes.new_tensor([grid[1] / input_shape[1], grid[0] / input_shape[0]]).float()
    pasted, _ = _do_paste_mask(
        probs[:, None], boxes.float() * scale.repeat(2), *grid, skip_empty=False)
    # mmdet would fill the cells beside a box without area from the middle of its grid.
    filled = (boxes[:, 2:] > boxes[:, :2]).all(1)
    return pasted * filled[:, None, None]


def true_class_map(sample: DetDataSample, num_classes: int, input_shape: Grid,
                   grid: Grid) -> Tensor:
    """Class of each cell by the true masks of an image.

    Args:
        sample: with ``gt_instances`` and perhaps ``ignored_instances`` (crowds), whose ``masks``
            are mmdet's or bool (N, H', W') and start at the input's upper left corner.
        num_classes: K.
        input_shape: (H, W).
        grid: (h, w).

    Returns:
        (h, w) long: the class of the instance that covers most of the cell and at least half of
        it; K where no instance has a pixel; -1, no class, for cells on a border, of ignored
        regions and of the padding, and everywhere if the labels have no masks.
    """
    instances = sample.gt_instances
    labels = instances.labels
    if 'masks' not in instances:
        return labels.new_full(grid, NO_CLASS)
    shares = cover_of_masks(instances.masks, input_shape, grid, labels.device)
    shares = torch.cat([shares.new_zeros((1, *grid)), shares])
    largest, best = shares.max(0)
    names = torch.cat([labels.new_full((1, ), num_classes), labels])
    unclear = ((largest > 0) & (largest < FOREGROUND)) | _outside(sample, input_shape, grid, labels)
    if 'ignored_instances' in sample and 'masks' in sample.ignored_instances:
        ignored = sample.ignored_instances.masks
        unclear |= (cover_of_masks(ignored, input_shape, grid, labels.device) > 0).any(0)
    return torch.where(unclear, NO_CLASS, names[best])


def cover_of_masks(masks: object, input_shape: Grid, grid: Grid, device: torch.device) -> Tensor:
    """Share of each cell that masks cover.

    Args:
        masks: mmdet's masks or bool (N, H', W'), from the input's upper left corner on.
        input_shape: (H, W); beyond the masks it is empty.
        grid: (h, w).
        device: of the result.

    Returns:
        (N, h, w) float32 in [0, 1].
    """
    if not isinstance(masks, Tensor):
        masks = masks.to_tensor(dtype=torch.bool, device=device)
    missing = [full - part for full, part in zip(input_shape, masks.shape[-2:])]
    shares = torch.zeros((len(masks), *grid), device=device)
    # One by one: a float copy of one mask of the input's size, not of N.
    for share, mask in zip(shares, masks):
        padded = F.pad(mask.float(), (0, missing[1], 0, missing[0]))
        share.copy_(F.adaptive_avg_pool2d(padded[None], grid)[0])
    return shares


def _outside(sample: DetDataSample, input_shape: Grid, grid: Grid, like: Tensor) -> Tensor:
    """bool (h, w), True for cells whose centre lies in the padding of the input."""
    rows, columns = (
        (torch.arange(cells, device=like.device) + 0.5) * (full / cells) >= length
        for cells, full, length in zip(grid, input_shape, sample.img_shape[:2]))
    return rows[:, None] | columns


def draw_cells(classes: Tensor, num_classes: int, count: int) -> Tuple[Tensor, Tensor]:
    """Draw some cells of each class at random.

    The shapes do not depend on the values, so that the host never waits for the device.

    Args:
        classes: class of each cell, (h, w) long; cells with classes outside of [0, C) are not
            drawn.
        num_classes: C.
        count: S cells of each class.

    Returns:
        - (C * S,) long, the drawn cells, counted row by row.
        - (C * S,) long, their classes; -1 where a class has fewer cells than S.
    """
    order = torch.randperm(classes.numel(), device=classes.device)
    ranked, inds = classes.flatten()[order].sort(stable=True)
    wanted = torch.arange(num_classes, device=classes.device)
    starts = torch.searchsorted(ranked, wanted)
    ends = torch.searchsorted(ranked, wanted, right=True)
    places = starts[:, None] + torch.arange(count, device=classes.device)
    drawn = order[inds[places.clamp(max=classes.numel() - 1)]]
    labels = torch.where(places < ends[:, None], wanted[:, None], NO_CLASS)
    return drawn.flatten(), labels.flatten()
