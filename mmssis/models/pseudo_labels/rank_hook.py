"""What the hooks of rank statistics share.

Axes: B images, D channels, K classes.
"""

from typing import Optional, Tuple

from torch import Tensor, nn

from .base import PseudoLabelHook
from .layer_output import LayerOutput
from .rank_settings import check_number


class RankHook(PseudoLabelHook):
    """A hook that compares what a layer of the teacher gives with prototypes of the classes.

    Args:
        layer: name of the teacher's layer.
        channels: D.
        num_classes: K.
        k: number of channels that are compared, in [1, D].
        offset: of :func:`mmssis.ops.rank_weights`.
        normalize: of :func:`mmssis.ops.rank_weights`.
        labeled_interval: labeled images are looked at every so many iterations.
        output_index: which output of the layer is meant, if it gives several.

    Raises:
        ValueError: if a setting is out of its range.
    """

    axes: Tuple[str, ...]
    """Axes of what the layer gives; 'D' is that of the channels."""

    def __init__(self, layer: str, channels: int, num_classes: int, k: int, offset: float,
                 normalize: bool, labeled_interval: int, output_index: Optional[int]) -> None:
        super().__init__()
        check_number(self.name, 'channels', channels, 1)
        check_number(self.name, 'k', k, 1, channels)
        check_number(self.name, 'offset', offset, 0)
        check_number(self.name, 'labeled_interval', labeled_interval, 1)
        self.layer = layer
        self.channels = channels
        self.num_classes = num_classes
        self.k = k
        self.offset = offset
        self.normalize = normalize
        self.labeled_interval = labeled_interval
        self.output_index = output_index
        self._output: Optional[LayerOutput] = None

    def prepare(self, classes: tuple) -> None:
        """Compare the number of classes with the data's.

        Args:
            classes: class names of the data set.

        Raises:
            ValueError: if they differ.
        """
        if self.num_classes != len(classes):
            raise ValueError(f'num_classes = {self.num_classes} of {self.name} in '
                             f'model.pseudo_label_hooks, but the data has {len(classes)} classes: '
                             'give it that number')

    def attach(self, teacher: nn.Module) -> None:
        """Listen to the layer."""
        self._output = LayerOutput(teacher, self.layer, self.output_index)

    def wants_labels(self, iteration: int) -> bool:
        """Every ``labeled_interval`` iterations, whatever the rank."""
        return iteration % self.labeled_interval == 0

    def take(self, num_images: int) -> Tensor:
        """What the layer gave at the teacher's last forward; it is released.

        Args:
            num_images: B of that forward.

        Raises:
            RuntimeError: if the hook listens to no teacher, or the layer gave nothing.
            ValueError: if the layer gives something of another shape.
        """
        if self._output is None:
            raise RuntimeError(f'{self.name} listens to no teacher: call attach(teacher) first')
        output = self._output.take(num_images)
        axis = self.axes.index('D')
        if output.ndim != len(self.axes) or output.shape[axis] != self.channels:
            raise ValueError(f'layer {self.layer!r} gives {tuple(output.shape)}: set channels = '
                             f'{self.channels} of {self.name} to number {axis + 1} of these, and '
                             f'name a layer that gives ({", ".join(self.axes)})')
        return output
