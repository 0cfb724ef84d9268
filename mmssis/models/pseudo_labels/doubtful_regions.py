"""What the filters dropped and the teacher does not deny."""

from typing import List

import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.ops import mask_share_on_region
from mmssis.structures import PseudoLabelContext, resolve_masks, set_doubtful
from mmssis.utils.settings import check_range

from .base import PseudoLabelHook

STRIDE = 4


@MODELS.register_module()
class DoubtfulRegions(PseudoLabelHook):
    """Keep dropped candidates from being taught as background.

    A candidate whose class score reaches ``class_thr`` and that no pseudo label covers to half of
    its area is doubtful. Predictions of the student that have no pseudo label and lie on one with
    more than half of their area get no classification loss: queries and kernels by their mask,
    anchors and RoIs by their box, points of CondInst by their place. All other background counts.
    Not part of a paper. It runs after all filters; the pseudo labels themselves stay as they are.

    Images with box labels have none: all of their objects are known.

    Args:
        class_thr: least class score of a doubtful candidate, in [0, 1], below the filters'
            thresholds. ``model.candidates.score_thr`` must let it through.
    """

    reads_candidates = True

    def __init__(self, class_thr: float = 0.2) -> None:
        super().__init__()
        self.class_thr = check_range('class_thr', class_thr, 0, 1)

    @property
    def lowest_class_score(self) -> float:
        """Class score below which no candidate is read."""
        return self.class_thr

    def forward(self, pseudo_labels: List[InstanceData],
                context: PseudoLabelContext) -> List[InstanceData]:
        """Set the doubtful regions of each image without box labels."""
        for instances, candidates, boxes in zip(
                pseudo_labels, context.candidates, context.box_labels):
            if boxes is None:
                self._mark(instances, candidates[candidates.class_scores >= self.class_thr])
        return pseudo_labels

    @staticmethod
    def _mark(instances: InstanceData, candidates: InstanceData) -> None:
        """Set the regions of the candidates that no pseudo label covers."""
        candidates = resolve_masks(candidates)
        masks = _cells(candidates.masks)
        labeled = _cells(resolve_masks(instances[:]).masks).any(0)
        # A mask of a few pixels may cover the middle of no cell.
        doubtful = (mask_share_on_region(masks, labeled) <= 0.5) & masks.flatten(1).any(1)
        if doubtful.any():
            set_doubtful(instances, masks[doubtful].any(0) & ~labeled, candidates.bboxes[doubtful])


def _cells(masks: Tensor) -> Tensor:
    """Masks (N, H, W) at the middle of each cell of the stride-4 grid."""
    rows, columns = (
        torch.arange(0, side, STRIDE, device=masks.device).add(STRIDE // 2).clamp(max=side - 1)
        for side in masks.shape[1:])
    return masks[:, rows][:, :, columns]
