"""The size at which a pipeline shows images to the network."""

from statistics import mean
from typing import NamedTuple, Optional, Sequence, Tuple

from mmcv.transforms import RandomChoiceResize, RandomResize, Resize

from .pipeline_geometry import Transform, iterate_steps


class NetworkSize(NamedTuple):
    """The base scale of a pipeline.

    Attributes:
        width: most pixels across.
        height: most pixels down; with ``keeps_ratio`` the two may change places.
        keeps_ratio: whether images keep their shape and fit into the size.
        place: the transform that says it.
    """

    width: float
    height: float
    keeps_ratio: bool
    place: str

    def factor(self, width: int, height: int) -> float:
        """What lengths of an image are multiplied with; the mean of both axes.

        Args:
            width: of the image, in pixels.
            height: of the image, in pixels.
        """
        if not self.keeps_ratio:
            return (self.width / width * self.height / height) ** 0.5
        low, high = sorted((self.width, self.height))
        return min(low / min(width, height), high / max(width, height))

    def __str__(self) -> str:
        """Size and place in words."""
        return f'{self.width:g} x {self.height:g} ({self.place})'


def network_size(pipeline: Sequence[Transform]) -> Optional[NetworkSize]:
    """Base scale of the first transform of a pipeline that sets a size.

    Random sizes count as their base: ratio 1, the middle of a range or list.

    Args:
        pipeline: built transforms.

    Returns:
        None where no transform sets a size in pixels; images keep theirs.
    """
    for step in iterate_steps(pipeline, 'pipeline'):
        transform, name = step.transform, type(step.transform).__name__
        if isinstance(transform, Resize) and transform.scale is not None:
            return NetworkSize(*transform.scale, transform.keep_ratio, name)
        if isinstance(transform, (RandomResize, RandomChoiceResize)):
            scales = transform.scale if isinstance(transform, RandomResize) else transform.scales
            return NetworkSize(*_middle(scales), transform.resize.keep_ratio, f'{name}, middle')
    return None


def _middle(scales: Sequence) -> Tuple[float, float]:
    """One scale as it is; the mean of several."""
    if isinstance(scales[0], (int, float)):
        return tuple(scales)
    return mean(scale[0] for scale in scales), mean(scale[1] for scale in scales)
