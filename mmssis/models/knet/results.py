"""From kernels to the instances of an image."""

from typing import Tuple

import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.structures import boxes_of_masks

from .kernels import to_stride4

# Masks upsampled at a time: at 1344 x 800 they take 4 MB each, twice.
CHUNK = 10


def instances_of_image(cls_logits: Tensor, mask_logits: Tensor, meta: dict, max_per_img: int,
                       mask_thr: float, rescale: bool) -> InstanceData:
    """The best pairs of kernel and class, with their masks.

    A kernel may stand under several classes; its mask is upsampled once, and those of the other
    kernels never.

    Args:
        cls_logits: (N, K).
        mask_logits: (N, H / 8, W / 8).
        meta: metainfo with ``batch_input_shape``, ``img_shape`` and, to rescale, ``ori_shape``.
        max_per_img: number of pairs to keep.
        mask_thr: probability above which a pixel belongs to the mask.
        rescale: whether masks get the size of the original image, or of the network input
            without its padding.

    Returns:
        Instances by descending ``scores`` with ``labels``, bool ``masks`` and tight ``bboxes``.
    """
    scores = cls_logits.float().sigmoid().flatten()
    scores, pairs = scores.topk(min(max_per_img, len(scores)))
    kernels, position = torch.unique(pairs // cls_logits.shape[1], return_inverse=True)
    out_shape = tuple(meta['ori_shape'] if rescale else meta['img_shape'])[:2]
    masks = torch.cat([
        full_size_probs(part, meta['batch_input_shape'], meta['img_shape'], out_shape) > mask_thr
        for part in mask_logits[kernels].split(CHUNK)
    ])
    return InstanceData(scores=scores, labels=pairs % cls_logits.shape[1], masks=masks[position],
                        bboxes=boxes_of_masks(masks)[position])


def full_size_probs(mask_logits: Tensor, input_shape: Tuple[int, int],
                    img_shape: Tuple[int, int], out_shape: Tuple[int, int]) -> Tensor:
    """Upsample masks, take away the padding, and resize to the wanted size.

    Args:
        mask_logits: (n, H / 8, W / 8).
        input_shape: (H, W) of the padded network input.
        img_shape: size of the image in it.
        out_shape: wanted size.

    Returns:
        Probabilities (n, *out_shape), float32.
    """
    settings = dict(mode='bilinear', align_corners=False)
    probs = to_stride4(mask_logits[None]).sigmoid()
    probs = F.interpolate(probs, tuple(input_shape), **settings)
    probs = probs[..., :img_shape[0], :img_shape[1]]
    if tuple(out_shape) != tuple(img_shape[:2]):
        probs = F.interpolate(probs, tuple(out_shape), **settings)
    return probs[0]
