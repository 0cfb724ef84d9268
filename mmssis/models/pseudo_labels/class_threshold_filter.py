"""A threshold on class evidence alone."""

from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor

from .threshold_filter import ThresholdFilter


@MODELS.register_module()
class ClassThresholdFilter(ThresholdFilter):
    """Keep an instance if its class quality is high; GuidedDistillation's filter.

    Args:
        class_thr: threshold on the class quality; an instance at the threshold is dropped,
            as in GuidedDistillation.
        min_area: a mask must cover more than this many pixels of the network input.
    """

    judges_masks = False

    def __init__(self, class_thr: float = 0.7, min_area: int = 5) -> None:
        super().__init__(min_area)
        self.class_thr = self.check_threshold('class_thr', class_thr)

    def keep_by_class(self, instances: InstanceData) -> Tensor:
        """Class quality above the threshold."""
        return instances.class_scores > self.class_thr

    def keep_by_mask(self, instances: InstanceData) -> Tensor:
        """The mask quality has no say."""
        return self.keep_by_class(instances)
