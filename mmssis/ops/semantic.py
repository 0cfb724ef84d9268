"""Classes of pixels, from what the queries of a mask classifier say.

Axes: Q queries, K classes, h x w pixels.
"""
import torch
from torch import Tensor

from ._checks import check_fraction, check_ndim

BACKGROUND = 255
"""Label of pixels without a class; mmdet's pictures leave it out, its metric counts it nowhere."""


def semantic_scores(cls_logits: Tensor, mask_logits: Tensor) -> Tensor:
    """Score of each class at each pixel, MaskFormer's semantic inference.

    ``sum_q p_q(c) m_q[h, w]``: class probabilities without no-object times mask probabilities
    (MaskFormer, section 3.4; Mask2Former keeps it). Ours: at most 1, as several queries may
    claim a pixel for one class.

    Args:
        cls_logits: of one image, (Q, K + 1), the last column is no-object.
        mask_logits: (Q, h, w).

    Returns:
        (K, h, w) float32 in [0, 1]; the scores of a pixel need not sum to 1.

    Raises:
        ValueError: wrong axes, or not the same queries.
    """
    check_ndim('cls_logits', cls_logits, 'Q K+1')
    check_ndim('mask_logits', mask_logits, 'Q h w')
    if len(cls_logits) != len(mask_logits):
        raise ValueError(f'cls_logits and mask_logits must be of the same queries, got '
                         f'{len(cls_logits)} and {len(mask_logits)}. Give both of one image.')
    class_probs = cls_logits.float().softmax(1)[:, :-1]
    mask_probs = mask_logits.float().sigmoid()
    # Under autocast the product would run in half precision whatever its arguments are.
    with torch.autocast(mask_logits.device.type, enabled=False):
        scores = torch.einsum('qk,qhw->khw', class_probs, mask_probs)
    return scores.clamp_(max=1)


def semantic_map(scores: Tensor, threshold: float = 0.5) -> Tensor:
    """Best class of each pixel, or none.

    The paper's semantic segmentation knows a class for every pixel; labels of objects do not. A
    pixel of which no class is sure enough is background (ours).

    Args:
        scores: (K, h, w), in [0, 1].
        threshold: least score of a class that takes a pixel, in [0, 1]; 0 always gives a class.

    Returns:
        (h, w) int64, the class in [0, K) or :data:`BACKGROUND`, 255.

    Raises:
        ValueError: wrong axes, or the threshold is out of its range.
    """
    check_ndim('scores', scores, 'K h w')
    check_fraction('threshold', threshold, 'Give 0.5 for the pixels that are more likely '
                   'than not of the class.')
    best, classes = scores.max(0)
    return classes.masked_fill(best < threshold, BACKGROUND)
