"""A hook for the images without any label."""

from typing import List, Tuple

from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import ConfigType
from mmengine.structures import InstanceData
from torch import nn

from mmssis.structures import PseudoLabelContext

from .base import PseudoLabelHook


@MODELS.register_module()
class UnlabeledOnly(PseudoLabelHook):
    """Apply a hook to images without weak labels; the others pass unchanged.

    The hook sees the images with weak labels too, but without instances: it is called once a
    step on every rank, so what it reduces over ranks stays in step.

    Args:
        hook: config of the hook.
    """

    def __init__(self, hook: ConfigType) -> None:
        super().__init__()
        self.hook = MODELS.build(hook)

    @property
    def name(self) -> str:
        """Name of the hook that is applied."""
        return self.hook.name

    @property
    def filters(self) -> bool:
        """Whether the hook drops candidates."""
        return self.hook.filters

    def prepare(self, classes: Tuple[str, ...]) -> None:
        """Let the hook load what it needs."""
        self.hook.prepare(classes)

    def attach(self, teacher: nn.Module) -> None:
        """Let the hook look at the teacher."""
        self.hook.attach(teacher)

    def wants_labels(self, iteration: int) -> bool:
        """Whether the hook wants to learn from labeled images."""
        return self.hook.wants_labels(iteration)

    def learn(self, candidates: List[InstanceData], data_samples: SampleList) -> None:
        """Let the hook learn from labeled images."""
        self.hook.learn(candidates, data_samples)

    def forward(self, pseudo_labels: List[InstanceData],
                context: PseudoLabelContext) -> List[InstanceData]:
        """What the hook makes of images without weak labels, beside the others."""
        weak_labels = context.weak_labels
        shown = [instances if weak is None else instances[:0]
                 for instances, weak in zip(pseudo_labels, weak_labels)]
        return [changed if weak is None else instances
                for instances, changed, weak in zip(
                    pseudo_labels, self.hook(shown, context), weak_labels)]
