"""Overlap of masks."""
import torch
from torch import Tensor

from ._checks import check_ndim, check_same_shape


def binary_mask_iou(masks: Tensor, targets: Tensor) -> Tensor:
    """IoU of each mask with the target of the same index, what a mask-IoU branch learns.

    PAIS, section 3.2.

    Args:
        masks: bool masks (N, H, W).
        targets: bool masks (N, H, W).

    Returns:
        IoU (N,) float32 in [0, 1]; 0 where both masks are empty.

    Raises:
        ValueError: shapes differ.
        TypeError: a mask is not bool.
    """
    check_ndim('masks', masks, 'N H W')
    check_same_shape('masks', masks, 'targets', targets)
    for name, tensor in (('masks', masks), ('targets', targets)):
        if tensor.dtype != torch.bool:
            raise TypeError(f'{name} must be bool, got {tensor.dtype}. Compare logits with 0.')
    shared = (masks & targets).flatten(1).count_nonzero(1)
    union = (masks | targets).flatten(1).count_nonzero(1)
    return shared / union.clamp(min=1)
