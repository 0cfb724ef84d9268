"""What a layer of the teacher gave at its last forward."""

from difflib import get_close_matches
from typing import Any, Optional

from torch import Tensor, nn


class LayerOutput:
    """Remember the output of a named layer, without any change of the model.

    A forward hook of torch on the layer. It keeps the output of the last forward in eval mode,
    detached, until it is read. It holds no reference to the model: a copy of the model has a
    copy of its own, and nothing of it enters a checkpoint.

    Args:
        model: the model that has the layer.
        layer: name of the layer in it, as in ``model.named_modules()``.

    Raises:
        ValueError: if the model has no such layer; the message names those that are similar.
    """

    def __init__(self, model: nn.Module, layer: str) -> None:
        layers = dict(model.named_modules())
        if layer not in layers:
            similar = get_close_matches(layer, layers, n=5, cutoff=0.3)
            raise ValueError(f'layer = {layer!r}: {type(model).__name__} has no such layer. '
                             f'Similar names are {similar}')
        self.layer = layer
        self._output: Optional[Tensor] = None
        layers[layer].register_forward_hook(self._remember)

    def _remember(self, module: nn.Module, inputs: tuple, output: Any) -> None:
        """Forward hook; what a layer in training mode gives belongs to somebody else."""
        if not module.training:
            if not isinstance(output, Tensor):
                raise TypeError(f'layer {self.layer!r} gives a {type(output).__name__}: name a '
                                'layer that gives a tensor')
            self._output = output.detach()

    def take_output(self, num_images: int) -> Tensor:
        """Output of the last forward; it is released.

        Args:
            num_images: B of that forward.

        Returns:
            The layer's output, (B, ...).

        Raises:
            RuntimeError: if the layer gave nothing since it was last read, or gave it for another
                number of images.
        """
        output, self._output = self._output, None
        if output is None:
            raise RuntimeError(f'layer {self.layer!r} gave nothing since it was last read: let the '
                               'teacher run in eval mode first, on the same images, and name a '
                               'layer that its forward calls')
        if len(output) != num_images:
            raise RuntimeError(f'layer {self.layer!r} gave {tuple(output.shape)}, but there are '
                               f'{num_images} images: name a layer whose first axis is the images')
        return output
