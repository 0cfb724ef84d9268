"""Move pseudo labels from the teacher's view of an image to the student's.

==================================  =============================================================
instances carry                     what happens
==================================  =============================================================
``mask_boxes`` (Mask R-CNN)         boxes are moved; masks stay on their grids, where the student's
                                    RoIs sample them, see :class:`BoxMaps`
``bboxes``, not yet ``masks``       detected boxes are moved, masks go to the other view's stride-4
(CondInst)                          grid; in views of one geometry both stay as they are
neither (Mask2Former, K-Net)        masks go to the stride-4 grid in one sampling; in views of one
                                    geometry they are resolved, see :func:`resolve_masks`
==================================  =============================================================
"""

from typing import List, Sequence, Tuple

import numpy as np
import torch
from mmdet.structures.bbox import bbox_project
from mmengine.structures import InstanceData
from torch import Tensor

from .box_maps import BoxMaps
from .pseudo_label import boxes_of_masks, resolve_masks
from .views import PIXEL_FIELDS, move_grid, same_geometry, without_geometry

STRIDE = 4


def move_pseudo_labels(instances: InstanceData, matrix: np.ndarray, out_shape: Tuple[int, int],
                       img_shape: Sequence[int]) -> InstanceData:
    """Move the pseudo labels of an image to another view, in the way that fits what they carry.

    Args:
        instances: N instances of the source view.
        matrix: 3 x 3, takes source to target positions in edge coordinates.
        out_shape: (H', W') of the target's network input.
        img_shape: (H', W', ...) of the target's image without padding.

    Returns:
        Instances in the target's view with ``masks`` and ``bboxes``; what left the view is gone.
    """
    if 'mask_boxes' in instances:
        return move_box_masks(instances, matrix, out_shape, img_shape)
    if 'bboxes' in instances and 'masks' not in instances:
        return move_detected_masks(instances, matrix, out_shape, img_shape)
    if same_geometry(matrix, instances.input_shape, out_shape):
        return resolve_masks(instances)
    return move_query_masks(instances, matrix, out_shape)


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
        and, if given, ``pixel_weights`` and ``pixel_logits`` on the same grid. Masks that left the
        view are gone.
    """
    logits, in_shape = instances.mask_logits, instances.input_shape
    grid = (-(-out_shape[0] // STRIDE), -(-out_shape[1] // STRIDE))
    moved = without_geometry(instances, out_shape)
    # Logits, not probabilities: the zeros outside then leave masks whole up to the image's edge.
    moved.masks = move_grid(logits, matrix, in_shape, out_shape, grid) > 0
    scale = logits.new_tensor([out_shape[1] / grid[1], out_shape[0] / grid[0]])
    moved.bboxes = boxes_of_masks(moved.masks) * scale.float().repeat(2)
    for name in _pixel_fields(instances):
        moved.set_field(move_grid(instances[name], matrix, in_shape, out_shape, grid), name)
    return moved[moved.masks.flatten(1).any(1)]


def move_detected_masks(instances: InstanceData, matrix: np.ndarray, out_shape: Tuple[int, int],
                        img_shape: Sequence[int]) -> InstanceData:
    """Move detected boxes, and masks that cover the network input, to another view.

    Args:
        instances: N instances with ``mask_logits`` (N, h, w) and ``bboxes``; of true boxes also
            ``uncropped_logits``, which are moved in place of the former.
        matrix: 3 x 3, takes source to target positions in edge coordinates.
        out_shape: (H', W') of the target's network input.
        img_shape: (H', W', ...) of the target's image without padding; boxes are clipped to it.

    Returns:
        New instances with ``masks`` (N', h', w') bool, on their own grid in views of one geometry
        and at stride 4 otherwise, and ``bboxes``. Boxes that left the view are gone, and detected
        instances whose mask did; the masks of true boxes may leave them, as the mask head crops.
    """
    in_shape, is_true_box = instances.input_shape, 'uncropped_logits' in instances
    maps = {'masks': instances.uncropped_logits if is_true_box else instances.mask_logits}
    maps.update({name: instances[name] for name in _pixel_fields(instances)})
    moved = without_geometry(instances, out_shape)
    moved.bboxes = instances.bboxes
    if not same_geometry(matrix, in_shape, out_shape):
        grid = (-(-out_shape[0] // STRIDE), -(-out_shape[1] // STRIDE))
        maps = {name: move_grid(value, matrix, in_shape, out_shape, grid)
                for name, value in maps.items()}
        moved.bboxes = project_boxes(instances.bboxes, matrix, img_shape)
    for name, value in maps.items():
        moved.set_field(value > 0 if name == 'masks' else value, name)
    keep = (moved.bboxes[:, 2:] > moved.bboxes[:, :2]).all(1)
    return moved[keep if is_true_box else keep & moved.masks.flatten(1).any(1)]


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
        ``pixel_weights`` and ``pixel_logits`` as :class:`BoxMaps`.
    """
    moved = without_geometry(instances, out_shape)
    boxes = instances.mask_boxes
    to_target = torch.as_tensor(matrix, dtype=torch.float32, device=boxes.device)
    moved.bboxes = project_boxes(boxes, matrix, img_shape)
    moved.masks = BoxMaps(instances.mask_logits.float().sigmoid(), boxes, to_target)
    for name in _pixel_fields(instances):
        moved.set_field(BoxMaps(instances[name].float(), boxes, to_target), name)
    sides = moved.bboxes[:, 2:] - moved.bboxes[:, :2]
    return moved[(sides >= min_size).all(1)]


def _pixel_fields(instances: InstanceData) -> List[str]:
    """Names of the fields that weigh pixels."""
    return [name for name in PIXEL_FIELDS if name in instances]


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
