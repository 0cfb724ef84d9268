"""One pseudo mask for each true box of an image."""

from typing import List, Optional, Tuple

import torch
from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox_overlaps
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.ops import assign_masks_to_boxes, mask_aware_scores, mask_quality, mean_entropy_scores
from mmssis.structures import PseudoLabelContext
from mmssis.utils.settings import check_range

from .base import PseudoLabelHook

SORT_BY = ('mask_aware', 'class')
WEIGH_BY = ('mask_aware', 'class', 'iou', 'mean_entropy', None)
# A probability of about 2e-9.
NOTHING = -20.0


@MODELS.register_module()
class AssignToBoxes(PseudoLabelHook):
    """Give each true box the mask of at most one prediction (BoxTeacher, Alg. 1).

    Images with box labels get exactly one instance for each of their boxes, with the true label
    and box, ``class_scores`` of 1, ``mask_logits`` cropped to the box, ``mask_scores`` m, the mean
    foreground probability inside the box, and ``mask_weights``, the confidence that ``weigh_by``
    names; 0 where no prediction was given, or its mask is empty in the box. Masks stay at their
    native stride. Images without box labels pass unchanged.

    ``uncropped_logits`` (G, h, w) are the same masks beyond their boxes as well. A view of another
    size needs these: interpolation between a logit and the crop beside it would move the mask's
    edge inwards. What is moved is cropped in its new view.

    Args:
        iou_thr: least IoU of a prediction's box with the true box, in [0, 1].
        score_thr: least ``class_scores ** 2`` of a prediction, in [0, 1]; with CondInst's
            candidates that is FCOS's class probability times centerness.
        sort_by: predictions choose in the order of ``'mask_aware'``, sqrt(c m) with the foreground
            of the whole mask, as in the released code, or of ``'class'``, c, as in Alg. 1.
        class_power: of c in the mask-aware weight; 0.5 in the released code, whose weights are
            flat; 1 in Eq. 1 of the paper.
        weigh_by: confidence of a mask (Table 6): ``'mask_aware'``, sqrt(c ** class_power * m);
            ``'class'``, c; ``'iou'``, of the predicted and the true box; ``'mean_entropy'``, of
            the prediction's mask over the whole network input; None: every mask weighs 1.

    Raises:
        ValueError: if a setting is out of its range.
    """

    def __init__(self,
                 iou_thr: float = 0.5,
                 score_thr: float = 0.05,
                 sort_by: str = 'mask_aware',
                 class_power: float = 0.5,
                 weigh_by: Optional[str] = 'mask_aware') -> None:
        super().__init__()
        if sort_by not in SORT_BY:
            raise ValueError(f'sort_by = {sort_by!r}: use one of {SORT_BY}')
        if weigh_by not in WEIGH_BY:
            raise ValueError(f'weigh_by = {weigh_by!r}: use one of {WEIGH_BY}')
        self.iou_thr = check_range('iou_thr', iou_thr, 0, 1)
        self.score_thr = check_range('score_thr', score_thr, 0, 1)
        self.sort_by = sort_by
        self.class_power = check_range('class_power', class_power, 0)
        self.weigh_by = weigh_by

    def forward(self, pseudo_labels: List[InstanceData],
                context: PseudoLabelContext) -> List[InstanceData]:
        """One instance per true box where an image has box labels."""
        return [instances if true is None else self.assign_masks(instances, true)
                for instances, true in zip(pseudo_labels, context.box_labels)]

    def reasons(self, name: str, dropped: InstanceData) -> List[str]:
        """What takes the place of the predictions."""
        return [f'{name} gives an image with box labels one instance for each true box'
                ] * len(dropped)

    def assign_masks(self, candidates: InstanceData, true: InstanceData) -> InstanceData:
        """Pseudo labels of an image whose boxes are known.

        Args:
            candidates: P predictions with ``mask_logits`` (P, h, w), ``bboxes``, ``labels`` and
                ``class_scores``.
            true: G instances with ``bboxes`` (G, 4) in pixels of the network input, and ``labels``.

        Returns:
            G instances.
        """
        given = self.find_predictions(candidates, true.bboxes)
        # Few of 100 predictions are given: only their masks are copied.
        found = given >= 0
        chosen = candidates[given[found]]
        weights = true.bboxes.new_zeros(len(true), dtype=torch.float32)
        logits = weights.new_full((len(true), *candidates.mask_logits.shape[1:]), NOTHING)
        logits[found] = chosen.mask_logits.float()
        boxes, inside = _cells_of_boxes(true.bboxes, logits.shape[1:], candidates.input_shape)
        cropped = logits.masked_fill(~inside, NOTHING)

        mask_scores = mask_aware_scores(torch.ones_like(weights), cropped.sigmoid(), boxes) ** 2
        weights[found] = self.confidence(chosen, true.bboxes[found], mask_scores[found])
        return InstanceData(
            metainfo=candidates.metainfo,
            labels=true.labels,
            bboxes=true.bboxes,
            class_scores=torch.ones_like(weights),
            mask_logits=cropped,
            uncropped_logits=logits,
            mask_scores=mask_scores,
            mask_weights=weights * (mask_scores > 0))

    def confidence(self, given: InstanceData, boxes: Tensor, mask_scores: Tensor) -> Tensor:
        """How much the masks of M predictions count.

        Args:
            given: the predictions, as for :meth:`assign_masks`.
            boxes: the true boxes that they were given to, (M, 4).
            mask_scores: m, (M,), in [0, 1].

        Returns:
            (M,) float32, in [0, 1].
        """
        if self.weigh_by == 'mask_aware':
            return (given.class_scores.float() ** self.class_power * mask_scores).sqrt()
        if self.weigh_by == 'class':
            return given.class_scores.float()
        if self.weigh_by == 'iou':
            return bbox_overlaps(given.bboxes.float(), boxes.float(), is_aligned=True)
        if self.weigh_by == 'mean_entropy':
            return mean_entropy_scores(given.mask_logits)
        return torch.ones_like(mask_scores)

    def find_predictions(self, candidates: InstanceData, boxes: Tensor) -> Tensor:
        """Index of the prediction given to each true box (G, 4): (G,) long, -1 for none."""
        scores = candidates.class_scores.float()
        allowed = (scores**2 >= self.score_thr).nonzero().flatten()
        if self.sort_by == 'mask_aware':
            scores = (scores * mask_quality(candidates.mask_logits)).sqrt()
        given = assign_masks_to_boxes(
            candidates.bboxes[allowed], scores[allowed], boxes, self.iou_thr)
        return torch.cat([allowed, allowed.new_full((1, ), -1)])[given]


def _cells_of_boxes(boxes: Tensor, grid: Tuple[int, int], shape: Tuple[int, int]
                    ) -> Tuple[Tensor, Tensor]:
    """Boxes in cells of a grid (h, w) that covers (H, W), and the cells whose centre they hold.

    Returns:
        Boxes (G, 4), float32, and bool (G, h, w).
    """
    step = boxes.new_tensor([shape[1] / grid[1], shape[0] / grid[0]], dtype=torch.float32)
    boxes = boxes.float() / step.repeat(2)
    rows, columns = (torch.arange(length, device=boxes.device) + 0.5 for length in grid)
    x1, y1, x2, y2 = boxes[:, :, None].unbind(1)
    in_rows, in_columns = (rows >= y1) & (rows < y2), (columns >= x1) & (columns < x2)
    return boxes, in_rows[:, :, None] & in_columns[:, None]
