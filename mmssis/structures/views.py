"""The map between the teacher's and the student's view of one image."""

from typing import Tuple

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mmssis.ops import affine_masks

PIXEL_FIELDS = ('pixel_weights', 'pixel_logits')
GEOMETRY = ('masks', 'bboxes', 'mask_logits', 'uncropped_logits', 'mask_boxes', *PIXEL_FIELDS)


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


def same_geometry(matrix: np.ndarray, in_shape: Tuple[int, int],
                  out_shape: Tuple[int, int]) -> bool:
    """Whether a map between two views, from one network input to another, moves nothing."""
    return np.allclose(matrix, np.eye(3)) and tuple(in_shape) == tuple(out_shape)


def without_geometry(instances: InstanceData, out_shape: Tuple[int, int]) -> InstanceData:
    """Copy of what does not move with the view; the metainfo says the target's input shape.

    Args:
        instances: instances of the source view.
        out_shape: (H', W') of the target's network input.
    """
    meta = {**instances.metainfo, 'input_shape': tuple(out_shape)}
    moved = InstanceData(metainfo=meta)
    for name, value in instances.items():
        if name not in GEOMETRY:
            moved.set_field(value, name)
    return moved


def move_grid(maps: torch.Tensor, matrix: np.ndarray, in_shape: Tuple[int, int],
              out_shape: Tuple[int, int], grid: Tuple[int, int]) -> torch.Tensor:
    """Move maps that cover the source's input onto a grid that covers the target's.

    Args:
        maps: (N, h, w) at any stride.
        matrix: 3 x 3, takes source to target positions in pixels of the inputs.
        in_shape: (H, W) of the source's network input.
        out_shape: (H', W') of the target's network input.
        grid: (h', w') of the result.

    Returns:
        (N, h', w') float32, 0 where the source saw nothing.
    """
    step = np.linalg.inv(_scaling(out_shape, grid)) @ matrix @ _scaling(in_shape, maps.shape[-2:])
    return affine_masks(maps.float(), step, grid)


def _scaling(shape: Tuple[int, int], grid: Tuple[int, int]) -> np.ndarray:
    """3 x 3, takes positions on a grid to pixels of the input that it covers."""
    return np.diag([shape[1] / grid[1], shape[0] / grid[0], 1.0])
