"""Read maps at sampled points.

Axes: M maps of h x w, N rows of points, P points per row.
"""
from torch import Tensor

from ._checks import check_ndim


def sample_points(maps: Tensor, points: Tensor, rows: Tensor, border: bool = False) -> Tensor:
    """Bilinear values of maps at points, without a copy of the maps.

    The same values as mmcv's ``point_sample`` (``align_corners=False``), which needs maps in
    floating point and one copy of a map per row of points. This one reads bool masks as they are,
    and only the four neighbours of each point: 100 masks of 1024 x 1024 stay 100 MB.

    Args:
        maps: maps (M, h, w), bool or floating.
        points: positions (N, P, 2) or, the same for all rows, (1, P, 2): x and y in [0, 1].
        rows: index of the map that each row of points reads, (N,) long.
        border: what lies outside the map: the nearest pixel if True, otherwise 0. Masks want 0
            as in Mask2Former; weights want True, or they would fade along the image border.

    Returns:
        Values (N, P) in the dtype of ``points``.

    Raises:
        ValueError: a shape differs from the above.
    """
    check_ndim('maps', maps, 'M h w')
    check_ndim('points', points, 'N P xy')
    check_ndim('rows', rows, 'N')
    _check_points(maps, points, rows)
    height, width = maps.shape[1:]
    x = points[..., 0] * width - 0.5
    y = points[..., 1] * height - 0.5
    left, top = x.floor(), y.floor()
    first_pixels = rows[:, None] * (height * width)
    flat_maps = maps.reshape(-1)
    values = points.new_zeros((len(rows), points.shape[1]))
    for column, column_weights in ((left, left + 1 - x), (left + 1, x - left)):
        for row, row_weights in ((top, top + 1 - y), (top + 1, y - top)):
            weights = column_weights * row_weights
            if not border:
                inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
                weights = weights * inside
            # In integers: from 2 ** 24 pixels on, float32 would round to another pixel.
            pixels = row.clamp(0, height - 1).long() * width + column.clamp(0, width - 1).long()
            indices = first_pixels + pixels
            # Several times faster than take() or indexing with the matrix.
            values += weights * flat_maps.index_select(0, indices.flatten()).view_as(indices)
    return values


def _check_points(maps: Tensor, points: Tensor, rows: Tensor) -> None:
    if points.shape[2] != 2 or points.shape[0] not in (1, len(rows)):
        raise ValueError(f'points must be ({len(rows)}, P, 2) or (1, P, 2) for {len(rows)} rows, '
                         f'got shape {tuple(points.shape)}. Give x and y of each row\'s points.')
    if len(rows) and maps.shape[1:].numel() == 0:
        raise ValueError(f'maps must have pixels, got shape {tuple(maps.shape)}. '
                         'Check the height and width of the masks.')
