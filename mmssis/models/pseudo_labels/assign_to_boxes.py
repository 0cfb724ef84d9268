"""One pseudo mask for each true box of an image."""

from typing import List, Tuple

import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.ops import assign_masks_to_boxes, mask_aware_scores, mask_quality
from mmssis.structures import PseudoLabelContext
from mmssis.utils.settings import check_range

from .base import PseudoLabelHook

SORT_BY = ('mask_aware', 'class')
# A probability of about 2e-9.
NOTHING = -20.0


@MODELS.register_module()
class AssignToBoxes(PseudoLabelHook):
    """Give each true box the mask of at most one prediction (BoxTeacher, Alg. 1).

    Images with box labels get exactly one instance for each of their boxes, with the true label
    and box, ``class_scores`` of 1, ``mask_logits`` cropped to the box, ``mask_scores`` m, the mean
    foreground probability inside the box, and ``mask_weights`` ``sqrt(c ** class_power * m)``
    where c is the prediction's class score; 0 where no prediction was given. Masks stay at their
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
        class_power: 0.5 in the released code, whose weights are flat; 1 in Eq. 1 of the paper.
        weigh: whether masks weigh by their confidence; otherwise every given mask weighs 1, which
            is the paper's naive self-training.

    Raises:
        ValueError: if a setting is out of its range.
    """

    def __init__(self,
                 iou_thr: float = 0.5,
                 score_thr: float = 0.05,
                 sort_by: str = 'mask_aware',
                 class_power: float = 0.5,
                 weigh: bool = True) -> None:
        super().__init__()
        if sort_by not in SORT_BY:
            raise ValueError(f'sort_by = {sort_by!r}: use one of {SORT_BY}')
        self.iou_thr = check_range('iou_thr', iou_thr, 0, 1)
        self.score_thr = check_range('score_thr', score_thr, 0, 1)
        self.sort_by = sort_by
        self.class_power = check_range('class_power', class_power, 0)
        self.weigh = weigh

    def forward(self, pseudo_labels: List[InstanceData],
                context: PseudoLabelContext) -> List[InstanceData]:
        """One instance per true box where an image has box labels."""
        return [instances if true is None else self.assign_masks(instances, true)
                for instances, true in zip(pseudo_labels, context.box_labels)]

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
        scores = true.bboxes.new_zeros(len(true), dtype=torch.float32)
        scores[found] = chosen.class_scores.float()
        logits = scores.new_full((len(true), *candidates.mask_logits.shape[1:]), NOTHING)
        logits[found] = chosen.mask_logits.float()
        boxes, inside = _cells_of_boxes(true.bboxes, logits.shape[1:], candidates.input_shape)
        cropped = logits.masked_fill(~inside, NOTHING)

        mask_scores = mask_aware_scores(torch.ones_like(scores), cropped.sigmoid(), boxes) ** 2
        weights = (scores ** self.class_power * mask_scores).sqrt()
        return InstanceData(
            metainfo=candidates.metainfo,
            labels=true.labels,
            bboxes=true.bboxes,
            class_scores=torch.ones_like(scores),
            mask_logits=cropped,
            uncropped_logits=logits,
            mask_scores=mask_scores,
            mask_weights=weights if self.weigh else (mask_scores > 0).float())

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
