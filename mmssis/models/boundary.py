"""What all heads with a boundary-preserving map share."""

from typing import Optional

import torch

from mmssis.ops import boundary_preserving_map


def check_boundary_map(boundary_map: Optional[dict]) -> None:
    """Refuse wrong settings when the head is built, not in the first step.

    Args:
        boundary_map: settings of :func:`mmssis.ops.boundary_preserving_map` (``scale``, ``eps``,
            ``padding``), or None.

    Raises:
        TypeError: if a setting is unknown or not a number.
        ValueError: if a setting is out of its range.
    """
    if boundary_map is not None:
        boundary_preserving_map(torch.zeros(0, 1, 1), **boundary_map)
