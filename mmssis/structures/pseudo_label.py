"""Pseudo labels of one image and what the hooks may know about it.

Pseudo labels are one :class:`mmengine.structures.InstanceData` per image, on the device of
the images. Every field has length N, so that indexing filters all of them at once:

==================== ============== ==========================================================
field                shape          meaning
==================== ============== ==========================================================
``labels``           (N,) long      class index
``class_probs``      (N, K)         class distribution of the teacher, no-object dropped
``class_scores``     (N,)           class quality in [0, 1]
``mask_logits``      (N, h, w)      mask logits at their native stride
``mask_boxes``       (N, 4)         boxes whose grids ``mask_logits`` are on, xyxy, pixels of the
                                    network input; without them the logits cover the whole input
``uncropped_logits`` as above       of ``AssignToBoxes``: ``mask_logits`` before they were cropped
``agreed_boxes``     (N, 4)         of ``DetectorAgreement``: the box that agrees, 0 for none
``masks``            (N, H, W) bool binary masks at the network input's resolution
``mask_scores``      (N,)           mask quality in [0, 1]: predicted by the model or Eq. 4 of PL-DC
``bboxes``           (N, 4)         xyxy, pixels of the network input: tight boxes of ``masks``, or
                                    the detected boxes of models that have ``mask_boxes``
``cls_weights``      (N,)           weight in the classification loss
``box_weights``      (N,)           weight in the box loss
``mask_weights``     (N,)           weight in the mask losses
``pixel_weights``    (N, h, w)      weight of each pixel in the mask loss, in [0, 1]
``pixel_logits``     (N, h, w)      logits whose certainty, 1 - u of PL-DC's Eq. 10, weighs each
                                    pixel too; u is taken where the loss reads them
==================== ============== ==========================================================

In the student's view ``masks`` and what weighs pixels may also be of any resolution that covers
the network input, or :class:`BoxMaps`. A missing weight means 1. ``input_shape`` (H, W) in the
metainfo is the padded network input.
"""

from dataclasses import dataclass
from typing import List, Optional, Tuple

import torch
import torch.nn.functional as F
from mmdet.models.roi_heads.mask_heads.fcn_mask_head import _do_paste_mask
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.ops import mask_quality

# Masks pasted at once on a GPU; on a CPU one by one, as only the region of the box is computed.
PASTED_AT_ONCE = 8


@dataclass
class PseudoLabelContext:
    """What a pseudo-label hook may know beside the pseudo labels.

    Attributes:
        images: weak views as the network sees them, (B, 3, H, W), normalised and padded.
        metas: metainfo of the weak views (``img_shape``, ``homography_matrix``, ...).
        progress: progress of the semi-supervised phase in [0, 1].
        box_labels: instances with ``bboxes`` and ``labels`` of images whose metainfo says
            ``box_labeled``, possibly none of them; None for images without labels.
        pixel_mean: mean that was subtracted from ``images``, (3, 1, 1).
        pixel_std: standard deviation by which ``images`` were divided, (3, 1, 1).
        candidates: the teacher's, before any hook, if a hook ``reads_candidates``; else None.
        channels: channel order of ``images``, 'rgb' or 'bgr'.
    """

    images: Tensor
    metas: List[dict]
    progress: float
    box_labels: List[Optional[InstanceData]]
    pixel_mean: Tensor
    pixel_std: Tensor
    channels: str = 'rgb'
    candidates: Optional[List[InstanceData]] = None

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

    Resolving costs H x W per instance, so call this after everything that class evidence
    alone can throw away is gone. Few instances at a time: no float tensor of N x H x W.

    Mask scores that are there, as a mask-IoU branch predicts them, are kept. Otherwise they are
    PL-DC's Eq. 4: over the upsampled mask, or, for instances with ``mask_boxes``, over the cells
    of the box's grid, 28 x 28 for Mask R-CNN.

    Args:
        instances: N instances with ``mask_logits`` (N, h, w), the metainfo ``input_shape``
            (H, W) and, if the logits are on the grids of boxes, ``mask_boxes`` (N, 4).

    Returns:
        The same instances with ``masks``, ``mask_scores`` and ``bboxes``. Instances whose
        masks are resolved already are returned as they are.
    """
    if 'masks' in instances:
        return instances
    if 'mask_boxes' in instances:
        # The detected boxes stay: they are what the box loss learns from.
        instances.masks = paste_masks(
            instances.mask_logits, instances.mask_boxes, instances.input_shape)
        instances.bboxes = instances.mask_boxes
        scores = None if 'mask_scores' in instances else mask_quality(instances.mask_logits)
    else:
        instances.masks, scores = _upsample_masks(instances)
        instances.bboxes = boxes_of_masks(instances.masks)
    if scores is not None:
        instances.mask_scores = scores
    return instances


def _upsample_masks(instances: InstanceData) -> Tuple[Tensor, Optional[Tensor]]:
    """Masks (N, H, W) bool, and mask scores (N,) unless the instances have them."""
    logits = instances.mask_logits
    masks = logits.new_zeros((len(logits), *instances.input_shape), dtype=torch.bool)
    scores = None
    if 'mask_scores' not in instances:
        scores = logits.new_zeros(len(logits), dtype=torch.float32)
    for i, logit in enumerate(logits):
        upsampled = F.interpolate(
            logit[None, None].float(), instances.input_shape, mode='bilinear', align_corners=False)
        torch.gt(upsampled[0, 0], 0, out=masks[i])
        if scores is not None:
            scores[i] = mask_quality(upsampled[0])[0]
    return masks, scores


def paste_masks(mask_logits: Tensor, boxes: Tensor, shape: Tuple[int, int]) -> Tensor:
    """Masks on the grids of boxes as masks of the image, by mmdet's own pasting.

    Args:
        mask_logits: (N, h, w).
        boxes: (N, 4), xyxy in pixels of the image.
        shape: (H, W) of the image.

    Returns:
        (N, H, W) bool, True where the pasted probability is at least 0.5. The mask of a box
        without area is empty.
    """
    masks = mask_logits.new_zeros((len(boxes), *shape), dtype=torch.bool)
    # mmdet would fill the pixels beside a box without area from the middle of its grid.
    filled = (boxes[:, 2:] > boxes[:, :2]).all(1)
    on_cpu = boxes.device.type == 'cpu'
    step = 1 if on_cpu else PASTED_AT_ONCE
    for start in range(0, len(boxes), step):
        part = slice(start, start + step)
        probs = mask_logits[part, None].float().sigmoid()
        pasted, region = _do_paste_mask(probs, boxes[part].float(), *shape, skip_empty=on_cpu)
        masks[(part, *region)] = (pasted >= 0.5) & filled[part, None, None]
    return masks


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
