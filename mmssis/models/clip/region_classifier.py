"""The interface of a frozen network that names regions of an image."""

from abc import ABCMeta, abstractmethod
from typing import Dict, List, Optional, Sequence, Tuple

import torch
from mmengine.structures import InstanceData
from torch import Tensor, nn

from .crops import owner_images

PRECISIONS = ('float32', 'bfloat16', 'auto')


class RegionClassifier(nn.Module, metaclass=ABCMeta):
    """Class probabilities of regions, from a network that is never trained.

    The network stays outside of the module tree: it is in no checkpoint, no optimizer and no
    ``parameters()``, and follows the device of the images at its first use. It is loaded by
    :meth:`prepare`, so that a config builds without weights.

    Args:
        dtype: 'float32', 'bfloat16', or 'auto': bfloat16 on GPUs that have it.

    Attributes:
        classes: class names of the data set, None before :meth:`prepare`.
        constants: tensors that belong to the network and follow its device; in no checkpoint.
            ``covers``, bool (K,), is always there: False for classes that the classifier cannot
            know. Its opinion on a region that may be of such a class means nothing.
    """

    def __init__(self, dtype: str = 'auto') -> None:
        super().__init__()
        if dtype not in PRECISIONS:
            raise ValueError(f'dtype = {dtype!r} of {type(self).__name__}: give one of '
                             f'{PRECISIONS}')
        self.dtype = dtype
        self.classes: Optional[Tuple[str, ...]] = None
        self.constants: Dict[str, Tensor] = {}
        self._frozen: Tuple[nn.Module, ...] = ()

    def prepare(self, classes: Sequence[str]) -> None:
        """Load weights and learn the class names; repeated calls cost nothing.

        Args:
            classes: K class names of the data set, in label order.

        Raises:
            RuntimeError: if weights cannot be had; the message names the file and its place.
            ValueError: if the settings do not fit the classes.
        """
        if self._frozen and tuple(classes) == self.classes:
            return
        network, self.constants = self.load(tuple(classes))
        # A tuple keeps nn.Module from registering the network.
        self._frozen = (network.eval().requires_grad_(False), )
        self.classes = tuple(classes)

    def free(self) -> None:
        """Give the memory of the network back; :meth:`prepare` loads it again."""
        self._frozen = ()

    def network_on(self, device: torch.device) -> nn.Module:
        """The frozen network, moved to a device at its first use there.

        Raises:
            RuntimeError: before :meth:`prepare` or after :meth:`free`.
        """
        if not self._frozen:
            raise RuntimeError(f'{type(self).__name__} has no weights: call prepare(classes) of '
                               'the detector first, as PreflightHook does')
        if next(self._frozen[0].parameters()).device != device:
            self._frozen[0].to(device, memory_format=torch.channels_last)
            self.constants = {name: value.to(device) for name, value in self.constants.items()}
        return self._frozen[0]

    @torch.no_grad()
    def forward(self, images: Tensor, instances: Sequence[InstanceData]) -> List[Tensor]:
        """Classify all regions of a batch.

        Args:
            images: RGB, (B, 3, H, W), in [0, 1].
            instances: per image, N_i regions with ``bboxes`` (N_i, 4) in pixels of the network
                input and ``masks`` (N_i, H, W) bool; ``img_shape`` in the metainfo excludes the
                padding.

        Returns:
            Per image (N_i, K) float32, rows sum to 1. A uniform row is no opinion: it cannot
            change the most likely class of a distribution it is averaged with.
        """
        if len(owner_images(instances, images.device)) == 0:
            return [images.new_zeros((0, len(self.classes or ()))) for _ in instances]
        network = self.network_on(images.device)
        with self.precision(images.device):
            probs = self.classify(network, images, instances).float()
        return list(probs.split([len(found) for found in instances]))

    def precision(self, device: torch.device) -> torch.autocast:
        """Context that sets the precision whatever the training around it uses."""
        reduced = self.dtype == 'bfloat16' or (
            self.dtype == 'auto' and device.type == 'cuda' and torch.cuda.is_bf16_supported())
        return torch.autocast(device.type, dtype=torch.bfloat16, enabled=reduced)

    @abstractmethod
    def load(self, classes: Tuple[str, ...]) -> Tuple[nn.Module, Dict[str, Tensor]]:
        """Load the network, on the CPU.

        Returns:
            The network that :meth:`classify` gets, and its ``constants``.
        """

    @abstractmethod
    def classify(self, network: nn.Module, images: Tensor,
                 instances: Sequence[InstanceData]) -> Tensor:
        """Classify N >= 1 regions, arguments as in :meth:`forward`.

        Returns:
            (N, K) in the order of the instances, rows sum to 1; independent scores per class
            become such rows by :func:`mmssis.ops.sigmoid_class_probs`.
        """


def silence(probs: Tensor, has_opinion: Tensor) -> Tensor:
    """Make rows uniform: no opinion.

    Args:
        probs: (N, K).
        has_opinion: bool (N,).

    Returns:
        (N, K), free of NaN where ``has_opinion`` is False.
    """
    return torch.where(has_opinion[:, None], probs, 1 / probs.shape[1])
