"""The interface of a pseudo-label hook."""

from abc import ABCMeta, abstractmethod
from typing import List, Tuple

from mmdet.structures import SampleList
from mmengine.structures import InstanceData
from torch import nn

from mmssis.structures import PseudoLabelContext


class PseudoLabelHook(nn.Module, metaclass=ABCMeta):
    """One decision about pseudo labels: drop, correct or weigh them.

    Hooks stand in a list in the config (``model.pseudo_label_hooks``) and run in its order;
    deleting one from the list is the ablation. State that a hook learns is a registered
    buffer: saved, resumed, reduced over ranks.
    """

    filters: bool = False
    """Whether the hook drops candidates; without such a hook each would be a pseudo label."""

    @property
    def name(self) -> str:
        """Name under which statistics and pictures show the hook."""
        return type(self).__name__

    def prepare(self, classes: Tuple[str, ...]) -> None:
        """Load what the hook needs, once, before training or inference starts.

        Args:
            classes: class names of the data set, in label order.

        Raises:
            RuntimeError: if something cannot be had; the message names the file and place.
        """

    def attach(self, teacher: nn.Module) -> None:
        """Look at the teacher once, when the model is built; a hook may listen to its layers.

        Args:
            teacher: the teacher, before its weights are loaded.

        Raises:
            ValueError: if it lacks what the hook needs.
        """

    def wants_labels(self, iteration: int) -> bool:
        """Whether :meth:`learn` is to be called in an iteration; the same on all ranks.

        Args:
            iteration: of the run, from 0.
        """
        return False

    def learn(self, candidates: List[InstanceData], data_samples: SampleList) -> None:
        """Learn from labeled images, after the teacher has seen their weak views.

        Args:
            candidates: what the teacher says of each image.
            data_samples: their samples with ``gt_instances``.
        """

    @abstractmethod
    def forward(self, pseudo_labels: List[InstanceData],
                context: PseudoLabelContext) -> List[InstanceData]:
        """Work on the pseudo labels of a batch.

        Args:
            pseudo_labels: one per image, fields as in :mod:`mmssis.structures.pseudo_label`.
            context: weak images, training progress and weak labels of the same batch.

        Returns:
            One per image; an image without instances stays without.
        """
