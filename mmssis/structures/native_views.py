"""Move pseudo labels between views at their native resolution, never as full-size masks.

Masks of query models (``mask_logits`` over the whole input) go to the stride-4 grid of the other
view in one sampling. Masks on box grids (Mask R-CNN, ``mask_boxes``) are not moved at all: the
student's RoIs sample them where they are, see :class:`BoxMaps`.
"""

from typing import Sequence, Tuple

import numpy as np
import torch
from mmdet.structures.bbox import bbox_project
from mmengine.structures import InstanceData
from torch import Tensor

from .box_maps import BoxMaps
from .pseudo_label import boxes_of_masks
from .views import move_grid, without_geometry

STRIDE = 4


def move_query_masks(instances: InstanceData, matrix: np.ndarray,
                     out_shape: Tuple[int, int]) -> InstanceData:
    """Move the masks of a query model to the stride-4 grid of another view.

    Args:
        instances: N instances with ``mask_logits`` (N, h, w) that cover the network input, whose
            size is the metainfo ``input_shape``.
        matrix: 3 x 3, takes source to target positions in edge coordinates.
        out_shape: (H', W') of the target's network input.

    Returns:
        New instances with ``masks`` (N', h', w') bool at stride 4, boxes in pixels of the target
        and, if given, ``pixel_weights`` on the same grid. Masks that left the view are gone.
    """
    logits, in_shape = instances.mask_logits, instances.input_shape
    grid = (-(-out_shape[0] // STRIDE), -(-out_shape[1] // STRIDE))
    moved = without_geometry(instances, out_shape)
    # Logits, not probabilities: the zeros outside then leave masks whole up to the image's edge.
    moved.masks = move_grid(logits, matrix, in_shape, out_shape, grid) > 0
    scale = logits.new_tensor([out_shape[1] / grid[1], out_shape[0] / grid[0]])
    moved.bboxes = boxes_of_masks(moved.masks) * scale.float().repeat(2)
    if 'pixel_weights' in instances:
        moved.pixel_weights = move_grid(
            instances.pixel_weights, matrix, in_shape, out_shape, grid)
    return moved[moved.masks.flatten(1).any(1)]


def move_box_masks(instances: InstanceData, matrix: np.ndarray, out_shape: Tuple[int, int],
                   img_shape: Sequence[int], min_size: float = 1.0) -> InstanceData:
    """Move boxes to another view; their masks stay on the grids of the source's boxes.

    Args:
        instances: N instances with ``mask_logits`` (N, s, s) on the grids of ``mask_boxes``.
        matrix: 3 x 3, takes source to target positions in edge coordinates.
        out_shape: (H', W') of the target's network input.
        img_shape: (H', W', ...) of the target's image without padding; boxes are clipped to it.
        min_size: boxes with a side below this many pixels are dropped.

    Returns:
        New instances with ``bboxes`` around the moved corners, ``masks`` and, if given,
        ``pixel_weights`` as :class:`BoxMaps`.
    """
    moved = without_geometry(instances, out_shape)
    boxes = instances.mask_boxes
    to_target = torch.as_tensor(matrix, dtype=torch.float32, device=boxes.device)
    moved.bboxes = project_boxes(boxes, matrix, img_shape)
    moved.masks = BoxMaps(instances.mask_logits.float().sigmoid(), boxes, to_target)
    if 'pixel_weights' in instances:
        moved.pixel_weights = BoxMaps(instances.pixel_weights.float(), boxes, to_target)
    sides = moved.bboxes[:, 2:] - moved.bboxes[:, :2]
    return moved[(sides >= min_size).all(1)]


def project_boxes(boxes: Tensor, matrix: np.ndarray, img_shape: Sequence[int]) -> Tensor:
    """Boxes around the moved corners of boxes.

    Args:
        boxes: (N, 4), xyxy in pixels of the source view.
        matrix: 3 x 3, takes source to target positions in edge coordinates.
        img_shape: (H', W', ...) of the target's image; the result is clipped to it.

    Returns:
        (N, 4) float32, xyxy in pixels of the target view.
    """
    if len(boxes) == 0:
        return boxes.float()
    to_target = torch.as_tensor(matrix, dtype=torch.float32, device=boxes.device)
    # bfloat16 knows every fourth pixel, and the area of a box in float16 may be infinite.
    with torch.autocast(boxes.device.type, enabled=False):
        return bbox_project(boxes.float(), to_target, tuple(img_shape[:2]))
