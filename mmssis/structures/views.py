"""The map between the teacher's and the student's view of one image."""

from typing import Tuple

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mmssis.ops import affine_masks

from .pseudo_label import boxes_of_masks


def view_to_view(source: DetDataSample, target: DetDataSample) -> np.ndarray:
    """Matrix that takes positions in one view to positions in another view of the same image.

    Args:
        source: sample of the view to start from, with ``homography_matrix`` in its metainfo.
        target: sample of the view to arrive at, likewise.

    Returns:
        3 x 3, edge coordinates (a flip is ``x -> w - x``), float64.

    Raises:
        KeyError: if a view carries no homography.
    """
    for sample in (source, target):
        if 'homography_matrix' not in sample.metainfo:
            raise KeyError(
                f'no homography_matrix in the metainfo of {sample.metainfo.get("img_path")}: '
                "add 'homography_matrix' to meta_keys of PackDetInputs in the pipeline")
    to_source = np.asarray(source.homography_matrix, dtype=np.float64)
    to_target = np.asarray(target.homography_matrix, dtype=np.float64)
    return to_target @ np.linalg.inv(to_source)


def project_instances(instances: InstanceData, matrix: np.ndarray,
                      out_shape: Tuple[int, int]) -> InstanceData:
    """Move masks, boxes and pixel weights of an image into another view.

    Args:
        instances: N resolved instances, ``masks`` (N, H, W) in the source view.
        matrix: 3 x 3, takes source to target positions in edge coordinates.
        out_shape: (H', W') of the target's network input.

    Returns:
        New instances. Those whose mask has left the view are gone. Pixels that the source
        view did not see belong to no mask and weigh 0.
    """
    moved = InstanceData(metainfo=dict(input_shape=tuple(out_shape)))
    full = torch.as_tensor(matrix, dtype=torch.float32, device=instances.masks.device)
    moved_masks = affine_masks(instances.masks.float(), full, out_shape) > 0.5
    for name, value in instances.items():
        if name not in ('masks', 'bboxes', 'mask_logits', 'pixel_weights'):
            moved.set_field(value, name)
    moved.masks, moved.bboxes = moved_masks, boxes_of_masks(moved_masks)
    if 'pixel_weights' in instances:
        moved.pixel_weights = _move_grid(instances.pixel_weights, full, instances, out_shape)
    return moved[moved_masks.flatten(1).any(1)]


def _move_grid(grid: torch.Tensor, matrix: torch.Tensor, instances: InstanceData,
               out_shape: Tuple[int, int]) -> torch.Tensor:
    """Move a map of coarser stride, (N, h, w), by a matrix in input pixels."""
    stride_y = instances.masks.shape[-2] / grid.shape[-2]
    stride_x = instances.masks.shape[-1] / grid.shape[-1]
    scale = torch.diag(matrix.new_tensor([stride_x, stride_y, 1.0]))
    coarse_shape = (round(out_shape[0] / stride_y), round(out_shape[1] / stride_x))
    return affine_masks(grid, scale.inverse() @ matrix @ scale, coarse_shape)
