"""One threshold on the product of class and mask quality: the ablation of DDTF."""

from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.ops import coupled_threshold

from .threshold_filter import ThresholdFilter


@MODELS.register_module()
class CoupledThresholdFilter(ThresholdFilter):
    """Keep an instance if class quality x mask quality is high (PL-DC Tab. 3, "- DDTF").

    Args:
        score_thr: threshold on the product; the paper's 0.765 is 0.9 x 0.85.
        min_area: a mask must cover more than this many pixels of the network input.
    """

    def __init__(self, score_thr: float = 0.765, min_area: int = 5) -> None:
        super().__init__(min_area)
        self.score_thr = self.check_threshold('score_thr', score_thr)

    def keep_by_class(self, instances: InstanceData) -> Tensor:
        """A mask quality is at most 1, so the class quality alone must reach the threshold."""
        return instances.class_scores >= self.score_thr

    def keep_by_mask(self, instances: InstanceData) -> Tensor:
        """The product against the threshold."""
        return coupled_threshold(instances.class_scores, instances.mask_scores, self.score_thr)
