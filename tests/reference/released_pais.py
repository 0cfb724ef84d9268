"""The released PAIS code's order of work for pseudo masks, written from a description of it.

Masks go through full-size arrays on the host at every step. Slow on purpose; the warp alone is
half-pixel correct, unlike the released one, so that results can be compared.
"""
import numpy as np
import torch
import torch.nn.functional as F
from mmdet.models.roi_heads.mask_heads.fcn_mask_head import _do_paste_mask
from mmdet.structures.mask import BitmapMasks

TOP_K = 100


def warp(masks, matrix, out_shape):
    """Move full-size masks (N, H, W) by a matrix, by one lookup per output pixel."""
    height, width = masks.shape[-2:]
    rows, columns = np.mgrid[:out_shape[0], :out_shape[1]] + 0.5
    points = np.stack([columns, rows, np.ones_like(rows)]).reshape(3, -1)
    x, y, w = np.linalg.inv(matrix) @ points
    grid = np.stack([2 * x / w / width - 1, 2 * y / w / height - 1], -1)
    grid = torch.as_tensor(grid, dtype=torch.float32).view(1, *out_shape, 2)
    return F.grid_sample(masks[None].float(), grid, align_corners=False)[0]


def query_masks(class_probs, mask_logits, mask_scores, input_shape, matrix, out_shape, class_thr,
                mask_thr):
    """Pseudo labels of one image on K-Net.

    Args:
        class_probs: (Q, K), sigmoid.
        mask_logits: (Q, h, w) at stride 4.
        mask_scores: predicted IoU (Q,).
        input_shape: (H, W) of the teacher's input.
        matrix: 3 x 3, teacher to student view.
        out_shape: (H', W') of the student's input.
        class_thr: threshold on the class score.
        mask_thr: threshold on the predicted IoU.

    Returns:
        Labels (N,) and soft masks (N, H' / 4, W' / 4).
    """
    class_scores, flat = class_probs.flatten().topk(min(TOP_K, class_probs.numel()))
    kernels, labels = flat // class_probs.shape[1], flat % class_probs.shape[1]
    masks = F.interpolate(mask_logits[kernels][None].sigmoid(), input_shape, mode='bilinear',
                          align_corners=False)[0].cpu()
    kept = ((class_scores > class_thr) & (mask_scores[kernels] > mask_thr)).cpu()
    moved = torch.from_numpy(warp(masks[kept], matrix, out_shape).numpy())
    binary = (moved > 0.5).float().to(mask_logits.device)
    grid = (out_shape[0] // 4, out_shape[1] // 4)
    return labels.cpu()[kept], F.interpolate(binary[None], grid, mode='bilinear',
                                             align_corners=False)[0]


def roi_targets(mask_logits, boxes, input_shape, matrix, out_shape, rois, inds, size):
    """Mask targets of the student's positive RoIs of one image on Mask R-CNN.

    Args:
        mask_logits: (N, 28, 28) on the grids of ``boxes``.
        boxes: (N, 4) in the teacher's view.
        input_shape: (H, W) of the teacher's input.
        matrix: 3 x 3, teacher to student view.
        out_shape: (H', W') of the student's input.
        rois: (P, 4) in the student's view.
        inds: pseudo label of each RoI, (P,).
        size: cells per side of a target.

    Returns:
        Targets (P, size, size).
    """
    pasted, _ = _do_paste_mask(mask_logits[:, None].sigmoid(), boxes, *input_shape,
                               skip_empty=False)
    masks = (pasted >= 0.5).cpu().numpy()
    moved = warp(torch.from_numpy(masks), matrix, out_shape).numpy() > 0.5
    bitmaps = BitmapMasks(moved.astype(np.uint8), *out_shape)
    crops = bitmaps.crop_and_resize(rois.cpu().numpy(), (size, size), inds.cpu().numpy(),
                                    device=str(mask_logits.device))
    return torch.from_numpy(crops.masks).to(mask_logits.device)
