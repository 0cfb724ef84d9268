"""The five kinds of segmentation results of PL-DC's Fig. 5."""

from typing import Dict, Optional, Sequence

import torch
from torch import Tensor

from .pseudo_label_quality import pairwise_mask_iou

ERROR_TYPES = ('Cor', 'Loc', 'Sim', 'Oth', 'BG')
"""Correct, poor localization, confusion with a similar object, with another, with background."""


def classify_errors(masks: Tensor,
                    labels: Tensor,
                    gt_masks: Tensor,
                    gt_labels: Tensor,
                    superclasses: Optional[Tensor] = None) -> Tensor:
    """Sort predictions of one image into the five types of PL-DC, section 4.5.

    As in the paper each prediction is judged by itself against "any ground truth", so two
    predictions of one object are both correct. Where several types fit, the better mask
    decides: Cor, then Sim, Oth (IoU > 0.5), then Loc. The paper leaves open what a prediction
    is that overlaps objects of other classes only, with IoU <= 0.5; it counts as BG here.

    Args:
        masks: (N, h, w), bool.
        labels: (N,), long, in [0, K).
        gt_masks: (G, h, w), bool, on the same grid.
        gt_labels: (G,), long, in [0, K).
        superclasses: (K,) long, the superclass of each class. Without it no two classes are
            similar and there is no Sim.

    Returns:
        (N,) long: indices into :data:`ERROR_TYPES`.
    """
    return types_of_iou(pairwise_mask_iou(masks, gt_masks), labels, gt_labels, superclasses)


def types_of_iou(iou: Tensor, labels: Tensor, gt_labels: Tensor,
                 superclasses: Optional[Tensor] = None) -> Tensor:
    """:func:`classify_errors` where the IoU is known.

    Args:
        iou: (N, G), in [0, 1].
        labels: (N,), long, in [0, K).
        gt_labels: (G,), long, in [0, K).
        superclasses: (K,) long, or None.

    Returns:
        (N,) long: indices into :data:`ERROR_TYPES`.
    """
    same_class = labels[:, None] == gt_labels[None]
    similar = torch.zeros_like(same_class)
    if superclasses is not None:
        similar = superclasses[labels][:, None] == superclasses[gt_labels][None]
    covers = iou > 0.5
    rules = (
        ('Loc', ((iou > 0) & ~covers & same_class).any(1)),
        ('Oth', covers.any(1)),
        ('Sim', (covers & similar).any(1)),
        ('Cor', (covers & same_class).any(1)))
    types = torch.full_like(labels, ERROR_TYPES.index('BG'))
    for name, applies in rules:
        types[applies] = ERROR_TYPES.index(name)
    return types


def count_error_types(types: Tensor) -> Tensor:
    """Count the types of :func:`classify_errors`.

    Args:
        types: (N,), long.

    Returns:
        (5,) float32, in the order of :data:`ERROR_TYPES`.
    """
    codes = torch.arange(len(ERROR_TYPES), device=types.device)
    return (types[:, None] == codes).sum(0).float()


def superclasses_of(categories: Sequence[Dict], classes: Sequence[str]) -> Optional[Tensor]:
    """Superclass of each class from the ``supercategory`` of COCO categories.

    Args:
        categories: the ``categories`` of a COCO JSON.
        classes: K class names.

    Returns:
        (K,) long, or None where a class has no supercategory or no two classes share one.
    """
    supers = {
        item['name']: item['supercategory']
        for item in categories if item.get('supercategory') not in (None, '', 'none')}
    if any(name not in supers for name in classes):
        return None
    names = sorted({supers[name] for name in classes})
    if len(names) == len(classes):
        return None
    return torch.tensor([names.index(supers[name]) for name in classes])
