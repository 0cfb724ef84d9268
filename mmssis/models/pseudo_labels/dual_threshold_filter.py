"""Decoupled dual-threshold filtering (DDTF)."""

from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.ops import dual_threshold

from .threshold_filter import ThresholdFilter


@MODELS.register_module()
class DualThresholdFilter(ThresholdFilter):
    """Keep an instance if its class and its mask are good, each on its own (PL-DC Eq. 5).

    Args:
        class_thr: threshold c_t on the class quality.
        mask_thr: threshold m_t on the mask quality at the network input's resolution.
        min_area: a mask must cover more than this many pixels of the network input.
    """

    def __init__(self, class_thr: float = 0.85, mask_thr: float = 0.9, min_area: int = 5) -> None:
        super().__init__(min_area)
        self.class_thr = self.check_threshold('class_thr', class_thr)
        self.mask_thr = self.check_threshold('mask_thr', mask_thr)

    def keep_by_class(self, instances: InstanceData) -> Tensor:
        """Half of Eq. 5 that needs no mask."""
        return instances.class_scores >= self.class_thr

    def keep_by_mask(self, instances: InstanceData) -> Tensor:
        """Eq. 5."""
        return dual_threshold(instances.class_scores, instances.mask_scores,
                              self.class_thr, self.mask_thr)
