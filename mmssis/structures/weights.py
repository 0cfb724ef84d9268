"""The weights that losses read, and how a missing one counts."""

from typing import Callable, Optional, Sequence, Tuple, Union

import torch
from mmcv.ops import roi_align
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.ops import mask_uncertainty

from .box_maps import BoxMaps
from .views import PIXEL_FIELDS

Size = Tuple[int, int]


def instance_weights(instances: InstanceData, name: str, inds: Tensor) -> Tensor:
    """A weight of the instances that predictions are assigned to.

    Args:
        instances: N instances, with the field (N,) or without.
        name: of the field, for example ``'cls_weights'``.
        inds: index of each prediction's instance, (P,) long.

    Returns:
        (P,) float32, 1 without the field.
    """
    if name not in instances:
        return torch.ones_like(inds, dtype=torch.float32)
    return instances[name][inds].float()


def weighs_pixels(instances: InstanceData) -> bool:
    """Whether instances carry a field that weighs the pixels of their masks."""
    return any(name in instances for name in PIXEL_FIELDS)


def pixel_weights_at(instances: InstanceData,
                     read: Callable[[Union[Tensor, BoxMaps]], Tensor]) -> Optional[Tensor]:
    """Pixel weights where a loss reads them: those given as such times those given as logits.

    Eq. 10 of PL-DC is not linear, so ``pixel_logits`` are read first and judged afterwards.

    Args:
        instances: N instances, with ``pixel_weights``, ``pixel_logits``, both or neither.
        read: takes a field to its values at the pixels or points of the loss.

    Returns:
        Weights in the shape of what ``read`` returns, float32, in [0, 1]; None without a field.
    """
    weights = None
    if 'pixel_weights' in instances:
        weights = read(instances.pixel_weights).float()
    if 'pixel_logits' in instances:
        certainty = 1 - mask_uncertainty(read(instances.pixel_logits))
        weights = certainty if weights is None else weights * certainty
    return weights


def background_weight(instances: InstanceData) -> float:
    """Weight of the background of an image in the classification loss; 1 if not set."""
    return instances.background_weight if 'background_weight' in instances else 1.0


def is_pseudo_labeled(metas: Sequence[dict]) -> bool:
    """Whether a batch has pseudo labels, which teach no auxiliary task; its labels are of one kind.

    Args:
        metas: metainfo of the batch's samples.
    """
    return any(meta.get('pseudo_labeled', False) for meta in metas)


def crop_grid(maps: Tensor, rois: Tensor, inds: Tensor, size: Size, input_shape: Size) -> Tensor:
    """RoIAlign of maps that cover the padded network input, as mmdet crops its bitmaps.

    Args:
        maps: (N, h, w), at any resolution.
        rois: (P, 4), xyxy in pixels of the network input.
        inds: index of the map that each RoI reads, (P,) long.
        size: (rows, columns) of the RoI's grid.
        input_shape: (H, W) of the padded network input.

    Returns:
        (P, rows, columns) float32.
    """
    scale_x, scale_y = maps.shape[2] / input_shape[1], maps.shape[1] / input_shape[0]
    on_grid = rois.float() * rois.new_tensor([scale_x, scale_y, scale_x, scale_y]).float()
    numbered = torch.cat([inds[:, None].float(), on_grid], 1)
    return roi_align(maps[:, None].float(), numbered, size, 1.0, 0, 'avg', True)[:, 0]
