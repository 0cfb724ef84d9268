"""What CondInst's masks learn from, on the cells of the mask logits.

Axes: N instances of one image, H x W padded network input, h x w cells.
"""

from typing import Any, Optional, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from mmdet.structures.bbox import get_box_tensor
from mmdet.structures.mask import BaseInstanceMasks
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.structures import pixel_weights_at

Size = Tuple[int, int]


def cell_masks(instances: InstanceData, grid: Size, stride: int) -> Tensor:
    """Masks at the middle of each cell, as in mmdet.

    Args:
        instances: N instances with ``masks``: mmdet's, of the pixels of the network input, whose
            lower and right padding may be missing, or bool (N, h', w') at any resolution that
            covers the network input.
        grid: (h, w).
        stride: side of a cell in pixels.

    Returns:
        (N, h, w) float32, 0 or 1, on the device of the labels.

    Raises:
        TypeError: if the masks are of another kind.
    """
    masks = instances.masks
    if isinstance(masks, BaseInstanceMasks):
        # Thinned out before it goes to the device: a sixteenth of the bytes.
        thin = masks.to_ndarray()[:, stride // 2::stride, stride // 2::stride]
        thin = torch.from_numpy(np.ascontiguousarray(thin)).to(instances.labels.device) > 0
        return _fitted(thin.float(), grid)
    if torch.is_tensor(masks) and not masks.is_floating_point():
        return middle_of_cells(masks, grid).bool().float()
    raise TypeError(f'masks of gt_instances are {_kind(masks)}: CondInst reads mmdet masks or a '
                    'bool tensor, for example masks > 0.5')


def cell_weights(instances: InstanceData, grid: Size) -> Optional[Tensor]:
    """Pixel weights at the middle of each cell.

    Args:
        instances: N instances; ``pixel_weights`` and ``pixel_logits`` are tensors (N, h', w') at
            any resolution that covers the network input.
        grid: (h, w).

    Returns:
        (N, h, w) float32; None without either.

    Raises:
        TypeError: if the weights are no tensor.
    """
    def read(maps: Any) -> Tensor:
        if not torch.is_tensor(maps):
            raise TypeError(f'pixel_weights of gt_instances are {_kind(maps)}: CondInst reads a '
                            'tensor that covers the network input')
        return middle_of_cells(maps, grid).float()

    return pixel_weights_at(instances, read)


def middle_of_cells(maps: Tensor, grid: Size) -> Tensor:
    """Values at the middle of each cell; maps of the same grid stay as they are.

    Args:
        maps: (N, h', w') that cover the same area as the grid.
        grid: (h, w).

    Returns:
        (N, h, w) of the same type.
    """
    if maps.shape[1:] == torch.Size(grid):
        return maps
    rows, columns = (
        ((torch.arange(cells, device=maps.device) + 0.5) * (size / cells)).long()
        for cells, size in zip(grid, maps.shape[1:]))
    return maps[:, rows[:, None], columns]


def cell_boxes(boxes: Tensor, grid: Size, stride: int) -> Tensor:
    """Which cells have their centre inside of a box.

    Args:
        boxes: (N, 4), xyxy in pixels of the network input.
        grid: (h, w).
        stride: side of a cell in pixels.

    Returns:
        (N, h, w) bool.
    """
    rows, columns = ((torch.arange(cells, device=boxes.device) + 0.5) * stride for cells in grid)
    x1, y1, x2, y2 = get_box_tensor(boxes)[:, :, None].unbind(1)
    in_rows, in_columns = (rows >= y1) & (rows < y2), (columns >= x1) & (columns < x2)
    return in_rows[:, :, None] & in_columns[:, None]


def _fitted(maps: Tensor, grid: Size) -> Tensor:
    """Maps (N, h', w') padded with 0, or cut, to the grid."""
    return F.pad(maps, (0, grid[1] - maps.shape[2], 0, grid[0] - maps.shape[1]))


def _kind(value: Any) -> str:
    return f'a tensor of {value.dtype}' if torch.is_tensor(value) else type(value).__name__
