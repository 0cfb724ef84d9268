"""Pseudo labels of one image and what the hooks may know about it.

Pseudo labels are one :class:`mmengine.structures.InstanceData` per image, on the device of
the images. Every field has length N, so that indexing filters all of them at once:

===============  ==============  ==========================================================
field            shape           meaning
===============  ==============  ==========================================================
``labels``       (N,) long       class index
``class_probs``  (N, K)          class distribution of the teacher, no-object dropped
``class_scores`` (N,)            class quality in [0, 1]
``mask_logits``  (N, h, w)       mask logits at their native stride
``masks``        (N, H, W) bool  binary masks at the network input's resolution
``mask_scores``  (N,)            mask quality in [0, 1]
``bboxes``       (N, 4)          tight boxes of ``masks``, xyxy, pixels of the network input
``cls_weights``  (N,)            weight in the classification loss
``box_weights``  (N,)            weight in the box loss
``mask_weights`` (N,)            weight in the mask losses
``pixel_weights`` (N, h, w)      weight of each pixel in the mask loss, in [0, 1]
===============  ==============  ==========================================================

A missing weight means 1. ``input_shape`` (H, W) in the metainfo is the padded network input.
"""

from dataclasses import dataclass
from typing import List, Optional, Tuple

import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.ops import mask_quality


@dataclass
class PseudoLabelContext:
    """What a pseudo-label hook may know beside the pseudo labels.

    Attributes:
        images: weak views as the network sees them, (B, 3, H, W), normalised and padded.
        metas: metainfo of the weak views (``img_shape``, ``homography_matrix``, ...).
        progress: progress of the semi-supervised phase in [0, 1].
        total_progress: iteration over maximum iteration, in [0, 1].
        weak_labels: labels that an unlabeled image does have (boxes, say), or None.
        pixel_mean: mean that was subtracted from ``images``, (3, 1, 1).
        pixel_std: standard deviation by which ``images`` were divided, (3, 1, 1).
        channels: channel order of ``images``, 'rgb' or 'bgr'.
    """

    images: Tensor
    metas: List[dict]
    progress: float
    total_progress: float
    weak_labels: List[Optional[InstanceData]]
    pixel_mean: Tensor
    pixel_std: Tensor
    channels: str = 'rgb'

    def rgb_images(self) -> Tensor:
        """Undo the detector's normalisation.

        Returns:
            RGB images in [0, 1], (B, 3, H, W), float32; the padding is included.
        """
        images = (self.images.float() * self.pixel_std + self.pixel_mean) / 255
        images = images.flip(1) if self.channels == 'bgr' else images
        return images.clamp_(0, 1)


def resolve_masks(instances: InstanceData) -> InstanceData:
    """Bring mask logits to the resolution of the network input and judge the masks.

    Upsampling costs H x W per instance, so call this after everything that class evidence
    alone can throw away is gone. One instance at a time: no float tensor of N x H x W.

    Args:
        instances: N instances with ``mask_logits`` (N, h, w) and the metainfo
            ``input_shape`` (H, W).

    Returns:
        The same instances with ``masks``, ``mask_scores`` and ``bboxes``. Instances whose
        masks are resolved already are returned as they are.
    """
    if 'masks' in instances:
        return instances
    logits = instances.mask_logits
    masks = logits.new_zeros((len(logits), *instances.input_shape), dtype=torch.bool)
    scores = logits.new_zeros(len(logits), dtype=torch.float32)
    for i, logit in enumerate(logits):
        upsampled = F.interpolate(
            logit[None, None].float(), instances.input_shape, mode='bilinear', align_corners=False)
        torch.gt(upsampled[0, 0], 0, out=masks[i])
        scores[i] = mask_quality(upsampled[0])[0]
    instances.masks = masks
    instances.mask_scores = scores
    instances.bboxes = boxes_of_masks(masks)
    return instances


def boxes_of_masks(masks: Tensor) -> Tensor:
    """Tight boxes of binary masks in edge coordinates.

    Args:
        masks: (N, H, W), bool.

    Returns:
        (N, 4) float32, xyxy in pixels: a mask of one pixel has a box of 1 x 1; the box of an
        empty mask is all zeros.
    """
    columns, rows = masks.any(1), masks.any(2)
    (x1, x2), (y1, y2) = _ends(columns), _ends(rows)
    return torch.stack([x1, y1, x2, y2], 1).float() * columns.any(1)[:, None]


def _ends(occupied: Tensor) -> Tuple[Tensor, Tensor]:
    """First True of each row of (N, L), and one past its last; (0, L) where there is none."""
    hits = occupied.to(torch.uint8)
    return hits.argmax(1), hits.shape[1] - hits.flip(1).argmax(1)
