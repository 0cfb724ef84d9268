"""Kernels between two stages, and how they look at pixels."""

from typing import NamedTuple, Optional

import torch
import torch.nn.functional as F
from torch import Tensor

# Masks leave the network at stride 8; losses and results are at stride 4.
UPSAMPLING = 2


class Kernels(NamedTuple):
    """N kernels of B images after the kernel head or an update head.

    Attributes:
        features: the kernels, (B, N, C).
        mask_logits: the masks that they segment, (B, N, H / 8, W / 8).
        cls_logits: one logit per class, (B, N, K); the kernel head has none.
        iou_logits: logits of the masks' IoU, (B, N), if the head predicts it.
    """

    features: Tensor
    mask_logits: Tensor
    cls_logits: Optional[Tensor] = None
    iou_logits: Optional[Tensor] = None


def gather_features(mask_logits: Tensor, pixel_features: Tensor) -> Tensor:
    """Sum the features of the pixels inside each kernel's mask, in float32.

    The sum runs over up to H * W / 64 pixels, which float16 cannot hold, so autocast is off. The
    masks are binary and let no gradient through.

    Args:
        mask_logits: (B, N, h, w).
        pixel_features: (B, C, h, w).

    Returns:
        (B, N, C), float32.
    """
    with torch.autocast(pixel_features.device.type, enabled=False):
        # sigmoid(logit) > 0.5
        inside = (mask_logits > 0).float()
        return torch.einsum('bnhw,bchw->bnc', inside, pixel_features.float())


def to_stride4(mask_logits: Tensor) -> Tensor:
    """Upsample logits from stride 8 to stride 4.

    Args:
        mask_logits: (M, N, h, w).

    Returns:
        (M, N, 2h, 2w), float32.
    """
    return F.interpolate(
        mask_logits.float(), scale_factor=UPSAMPLING, mode='bilinear', align_corners=False)
