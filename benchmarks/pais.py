"""PAIS's pseudo masks: the package against the released code's way over full-size arrays.

    python benchmarks/pais.py

Goal: at least 30x on CPU.
"""

from functools import partial
from typing import Dict, Tuple

import numpy as np
import torch
from compare import Case, load_reference, run_cases
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.models.pseudo_labels import DualThresholdFilter
from mmssis.structures import BoxMaps, move_query_masks

CLASS_THR, MASK_THR, GRID = 0.35, 0.30, 28


def make_queries(num_queries: int, num_classes: int, size: int, survivors: int,
                 device: torch.device) -> Dict[str, Tensor]:
    """Output of a K-Net teacher of which a few kernels are sure of their class.

    Args:
        num_queries: Q.
        num_classes: K.
        size: side of the square network input; masks have a quarter of it.
        survivors: kernels that pass both thresholds.
        device: device of the result.

    Returns:
        ``class_probs`` (Q, K), ``mask_logits`` (Q, size / 4, size / 4), ``mask_scores`` (Q,).
    """
    generator = torch.Generator().manual_seed(0)
    class_probs = torch.rand(num_queries, num_classes, generator=generator) * 0.1
    class_probs[torch.arange(survivors), torch.arange(survivors) % num_classes] = 0.9
    return dict(
        class_probs=class_probs.to(device),
        mask_logits=discs(num_queries, size // 4, generator).to(device),
        mask_scores=torch.full((num_queries, ), 0.8, device=device))


def discs(count: int, side: int, generator: torch.Generator) -> Tensor:
    """Signed distances to circles well inside a square grid, (count, side, side)."""
    axis = torch.arange(side) + 0.5
    centre = (0.3 + 0.4 * torch.rand(count, 2, 1, 1, generator=generator)) * side
    radius = (0.05 + 0.1 * torch.rand(count, 1, 1, generator=generator)) * side
    return radius - ((axis - centre[:, 0])**2 + (axis[:, None] - centre[:, 1])**2)**.5


def flip_and_scale(size: int, scale: float) -> np.ndarray:
    """3 x 3, from a view of a size to its flipped and scaled copy."""
    return np.array([[-scale, 0, scale * size], [0, scale, 0], [0, 0, 1]])


@torch.no_grad()
def ours_queries(queries: Dict[str, Tensor], size: int, matrix: np.ndarray,
                 out_shape: Tuple[int, int]) -> Tuple[Tensor, Tensor]:
    """Filter, then one sampling onto the student's stride-4 grid: labels and masks."""
    scores, labels = queries['class_probs'].max(1)
    candidates = InstanceData(
        metainfo=dict(input_shape=(size, size)), labels=labels, class_scores=scores, **queries)
    kept, = DualThresholdFilter(CLASS_THR, MASK_THR, min_area=0)([candidates], None)
    moved = move_query_masks(kept, matrix, out_shape)
    return moved.labels, moved.masks


def least_overlap(mine: Tuple[Tensor, Tensor], theirs: Tuple[Tensor, Tensor]) -> float:
    """Least IoU of two sets of masks (soft ones binarised), whose labels must agree."""
    orders = [labels.cpu().argsort(stable=True) for labels, _ in (mine, theirs)]
    assert torch.equal(mine[0].cpu()[orders[0]], theirs[0].cpu()[orders[1]]), 'labels differ'
    first, second = ((masks.cpu() > 0.5)[order].flatten(1) for (_, masks), order in
                     zip((mine, theirs), orders))
    ious = (first & second).sum(1) / (first | second).sum(1).clamp(min=1)
    assert ious.min() > 0.9, f'masks overlap by {ious.min():.3f} only'
    return ious.min().item()


def knet(num_queries: int, num_classes: int, size: int, survivors: int,
         device: torch.device) -> Case:
    """Pseudo labels of K-Net from the teacher's view to the student's."""
    matrix, out_shape = flip_and_scale(size, 0.75), (size * 3 // 4, size * 3 // 4)
    queries = make_queries(num_queries, num_classes, size, survivors, device)
    released = load_reference('released_pais')
    return Case(
        f'PAIS on K-Net, pseudo-label stage: {num_queries} kernels, {num_classes} classes, '
        f'{size} x {size}, {survivors} pseudo labels',
        dict(mmssis=lambda: ours_queries(queries, size, matrix, out_shape),
             released=lambda: released.query_masks(
                 **queries, input_shape=(size, size), matrix=matrix, out_shape=out_shape,
                 class_thr=CLASS_THR, mask_thr=MASK_THR)), agree)


def mask_rcnn(size: int, survivors: int, num_rois: int, device: torch.device) -> Case:
    """Mask targets of the student's RoIs from the teacher's RoI masks."""
    matrix, out_shape = flip_and_scale(size, 0.75), (size * 3 // 4, size * 3 // 4)
    released = load_reference('released_pais')
    boxes, rois, inds = make_rois(survivors, num_rois, size, matrix, device)
    logits = torch.stack([(discs(1, GRID, torch.Generator().manual_seed(1))[0] + 6)] * survivors)
    logits = logits.to(device)
    to_student = torch.as_tensor(matrix, dtype=torch.float32)
    return Case(
        f'PAIS on Mask R-CNN, mask targets: {survivors} pseudo labels, {num_rois} positive RoIs, '
        f'{size} x {size}',
        dict(mmssis=lambda: (inds, BoxMaps(logits.sigmoid(), boxes, to_student).crop(
                 rois, inds, GRID) >= 0.5),
             released=lambda: (inds, released.roi_targets(
                 logits, boxes, (size, size), matrix, out_shape, rois, inds, GRID))), agree)


def agree(mine: Tuple[Tensor, Tensor], theirs: Tuple[Tensor, Tensor]) -> str:
    """How far the masks of two ways overlap."""
    return ('one image, labels are identical, masks overlap by '
            f'{least_overlap(mine, theirs):.3f} or more')


def make_rois(survivors: int, num_rois: int, size: int, matrix: np.ndarray,
              device: torch.device) -> Tuple[Tensor, Tensor, Tensor]:
    """Boxes (N, 4) of the teacher's view, RoIs (P, 4) around them in the student's, indices."""
    generator = torch.Generator().manual_seed(0)
    corner = torch.rand(survivors, 2, generator=generator) * 0.5 * size
    boxes = torch.cat([corner, corner + 0.25 * size], 1)
    inds = torch.arange(num_rois) % survivors
    scale, width = matrix[1, 1], matrix[0, 2]
    moved = torch.stack([width - scale * boxes[:, 2], scale * boxes[:, 1],
                         width - scale * boxes[:, 0], scale * boxes[:, 3]], 1)
    jitter = (torch.rand(num_rois, 4, generator=generator) - 0.5) * 0.03 * size
    return boxes.to(device), (moved[inds] + jitter).float().to(device), inds.to(device)


CASES = dict(knet=partial(knet, 100, 80, 1024, 5), mask_rcnn=partial(mask_rcnn, 1024, 5, 64))

if __name__ == '__main__':
    run_cases(CASES, __doc__)
