"""Which predicted mask belongs to which true box, and how good it is.

Axes: N or P predictions, G true boxes, H x W pixels; boxes are xyxy in pixels of the masks.
"""
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.ops import box_iou

from ._checks import check_fraction, check_ndim, check_same_shape


def mask_aware_scores(class_scores: Tensor, mask_probs: Tensor, boxes: Tensor) -> Tensor:
    """Confidence of a predicted mask from its class and its foreground inside a box.

    BoxTeacher, Eq. 1: ``sqrt(c * mean(m))`` over the pixels with ``m > 0.5`` whose centre lies
    inside the box. The released code takes all pixels of the image, and ``sqrt(c)`` for c.

    Args:
        class_scores: c, (N,), in [0, 1].
        mask_probs: m, (N, H, W), in [0, 1].
        boxes: the boxes that the masks were given to, (N, 4).

    Returns:
        (N,) in [0, 1], in at least float32; 0 for a mask without foreground in its box.

    Raises:
        ValueError: wrong axes, or numbers of scores, masks and boxes that differ.
    """
    check_ndim('class_scores', class_scores, 'N')
    check_ndim('mask_probs', mask_probs, 'N H W')
    _check_boxes('boxes', boxes)
    check_same_shape('class_scores', class_scores, 'boxes[:, 0]', boxes[:, 0])
    check_same_shape('class_scores', class_scores, 'mask_probs[:, 0, 0]', mask_probs[:, 0, 0])
    dtype = torch.promote_types(mask_probs.dtype, torch.float32)
    rows, columns = (torch.arange(length, device=boxes.device) + 0.5
                     for length in mask_probs.shape[1:])
    x1, y1, x2, y2 = boxes[:, :, None].unbind(1)
    in_rows, in_columns = (rows >= y1) & (rows < y2), (columns >= x1) & (columns < x2)
    counted = (mask_probs > 0.5) & in_rows[:, :, None] & in_columns[:, None]
    total = (mask_probs.to(dtype) * counted).sum((1, 2))
    mean = total / counted.flatten(1).count_nonzero(1).clamp(min=1)
    return (class_scores.to(dtype) * mean).sqrt()


def mean_entropy_scores(mask_logits: Tensor) -> Tensor:
    """Confidence of a predicted mask from the entropy of its pixels.

    BoxTeacher, section 5.4: ``1 + mean(p log p + (1 - p) log(1 - p))`` over all pixels, with
    ``p = sigmoid(mask_logits)`` and natural logarithms.

    Args:
        mask_logits: (N, H, W).

    Returns:
        (N,) in [1 - log 2, 1], in at least float32.

    Raises:
        ValueError: wrong axes, or masks without pixels.
    """
    check_ndim('mask_logits', mask_logits, 'N H W')
    if 0 in mask_logits.shape[1:]:
        raise ValueError(f'mask_logits must have pixels, got shape {tuple(mask_logits.shape)}.')
    logits = mask_logits.to(torch.promote_types(mask_logits.dtype, torch.float32))
    # log p = x - softplus(x) and log(1 - p) = -softplus(x): no logarithm of 0.
    return 1 + (logits.sigmoid() * logits - F.softplus(logits)).mean((1, 2))


def assign_masks_to_boxes(pred_boxes: Tensor, pred_scores: Tensor, gt_boxes: Tensor,
                          iou_thr: float = 0.5) -> Tensor:
    """Give each true box at most one prediction, and each prediction at most one box.

    BoxTeacher, Alg. 1: predictions in the order of falling scores take the still-free box with
    the largest IoU of at least ``iou_thr``. In the released code the box that prediction 0 has
    taken counts as free.

    Args:
        pred_boxes: (P, 4).
        pred_scores: (P,); of equal ones the first comes first.
        gt_boxes: (G, 4).
        iou_thr: in [0, 1].

    Returns:
        Index of the prediction given to each true box, (G,) long, -1 for none.

    Raises:
        ValueError: wrong axes, numbers of boxes and scores that differ, a threshold outside [0, 1].
        TypeError: the threshold is not a number.
    """
    _check_boxes('pred_boxes', pred_boxes)
    _check_boxes('gt_boxes', gt_boxes)
    check_ndim('pred_scores', pred_scores, 'P')
    check_same_shape('pred_scores', pred_scores, 'pred_boxes[:, 0]', pred_boxes[:, 0])
    check_fraction('iou_thr', iou_thr, 'BoxTeacher sets it to 0.5.')
    order = pred_scores.argsort(descending=True, stable=True)
    ious = box_iou(pred_boxes[order].float(), gt_boxes.float())
    # One transfer: the loop would wait for the device at every comparison.
    given = _greedy(ious.cpu().numpy(), float(iou_thr))
    return torch.cat([order, order.new_full((1, ), -1)])[given.to(order.device)]


def _greedy(ious: np.ndarray, iou_thr: float) -> Tensor:
    """Position of the prediction of each box (G,), -1 for none, of IoUs (P, G) by rank."""
    given = np.full(ious.shape[1], -1)
    free = np.ones(ious.shape[1], dtype=bool)
    for position, row in enumerate(ious):
        if not free.any():
            break
        box = int(np.where(free, row, -1.0).argmax())
        if row[box] >= iou_thr:
            given[box], free[box] = position, False
    return torch.from_numpy(given)


def _check_boxes(name: str, boxes: Tensor) -> None:
    check_ndim(name, boxes, 'N 4')
    if boxes.shape[1] != 4:
        raise ValueError(f'{name} must be (N, 4), got shape {tuple(boxes.shape)}. '
                         'Give x1, y1, x2, y2 in pixels.')
