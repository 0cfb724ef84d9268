"""Maps on the grids of boxes that the student's RoIs read from another view."""

from typing import Any, Sequence, Tuple, Union

import torch
from torch import Tensor
from typing_extensions import Self

from mmssis.ops import sample_box_maps


class BoxMaps:
    """Masks or weights of Mask R-CNN pseudo labels, where the teacher has put them.

    A field of :class:`mmengine.structures.InstanceData`: it has a length and can be indexed. The
    maps are not moved into the student's view; each RoI samples them there with one affine map,
    so that no mask of the image's size arises (PAIS on Mask R-CNN).

    Args:
        maps: (N, s, s), probabilities or weights.
        boxes: boxes that the maps cover, (N, 4), xyxy in pixels of the teacher's view.
        matrix: (3, 3), takes the teacher's to the student's view in edge coordinates; tensor or
            array.

    Raises:
        ValueError: the numbers of maps and boxes differ, or a shape is another.
    """

    def __init__(self, maps: Tensor, boxes: Tensor, matrix: Tensor) -> None:
        matrix = torch.as_tensor(matrix)
        if maps.ndim != 3 or boxes.shape != (len(maps), 4) or matrix.shape != (3, 3):
            raise ValueError(
                f'BoxMaps of shapes {tuple(maps.shape)}, {tuple(boxes.shape)} and '
                f'{tuple(matrix.shape)}: give maps (N, s, s), boxes (N, 4) and a matrix (3, 3)')
        self.maps = maps
        self.boxes = boxes
        self.matrix = matrix.to(maps.device, torch.float64, non_blocking=True)

    def crop(self, rois: Tensor, inds: Tensor, size: Union[int, Tuple[int, int]],
             border: bool = False) -> Tensor:
        """Values at the cell centres of RoIs.

        Args:
            rois: (P, 4), xyxy in pixels of the student's view.
            inds: index of the map that each RoI reads, (P,) long.
            size: cells per side of a RoI's grid, or (rows, columns).
            border: whether a position outside its box reads the nearest cell in place of 0;
                weights want it, masks do not.

        Returns:
            (P, size, size), bilinear, half-pixel correct; see :func:`sample_box_maps`.
        """
        return sample_box_maps(self.maps[inds], self.boxes[inds], self.matrix, rois, size, border)

    def __len__(self) -> int:
        return len(self.maps)

    def __getitem__(self, item: Union[int, slice, Tensor]) -> Self:
        """Some of the maps; a single index keeps the first axis, as in InstanceData."""
        if isinstance(item, int):
            if not -len(self) <= item < len(self):
                raise IndexError(f'index {item} of BoxMaps with {len(self)} maps')
            item = slice(item, None, len(self))
        return self._with(self.maps[item], self.boxes[item])

    @staticmethod
    def cat(parts: Sequence['BoxMaps']) -> 'BoxMaps':
        """Join maps of one image; InstanceData indexes by tensor with it.

        Raises:
            ValueError: if the parts belong to different views.
        """
        first = parts[0]
        if any(part.matrix is not first.matrix and not torch.equal(part.matrix, first.matrix)
               for part in parts):
            raise ValueError('BoxMaps of different matrices cannot be joined: '
                             'keep the images apart')
        return first._with(torch.cat([part.maps for part in parts]),
                           torch.cat([part.boxes for part in parts]))

    @property
    def device(self) -> torch.device:
        """Device of the maps."""
        return self.maps.device

    @property
    def shape(self) -> torch.Size:
        """(N, s, s)."""
        return self.maps.shape

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Copy on another device; arguments as :meth:`torch.Tensor.to`, without a dtype."""
        parts = (self.maps, self.boxes, self.matrix)
        return BoxMaps(*(part.to(*args, **kwargs) for part in parts))

    def _with(self, maps: Tensor, boxes: Tensor) -> Self:
        """Other maps of the same pair of views, which share the matrix."""
        other = BoxMaps.__new__(BoxMaps)
        other.maps, other.boxes, other.matrix = maps, boxes, self.matrix
        return other

    def __repr__(self) -> str:
        return f'BoxMaps(shape={tuple(self.shape)}, device={self.device})'
