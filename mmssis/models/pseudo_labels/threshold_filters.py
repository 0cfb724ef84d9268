"""Threshold filters: class evidence first, masks later."""

from abc import abstractmethod
from typing import List

import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.ops import coupled_threshold, dual_threshold
from mmssis.structures import PseudoLabelContext, resolve_masks
from mmssis.utils.settings import check_range

from .base import PseudoLabelHook, shown_below


class ThresholdFilter(PseudoLabelHook):
    """Keep instances by class evidence, then by their masks.

    Of 100 candidates about 5 survive the class evidence, so only those are upsampled. With
    ``min_area`` 0 none has to be where the model predicts mask scores (PAIS's IoU branch) or the
    filter does not read them (``judges_masks`` False).

    Args:
        min_area: a mask must cover more than this many pixels of the network input.
    """

    filters = True
    judges_masks = True

    def __init__(self, min_area: int = 5) -> None:
        super().__init__()
        self.min_area = check_range('min_area', min_area, 0)

    def forward(self, pseudo_labels: List[InstanceData],
                context: PseudoLabelContext) -> List[InstanceData]:
        """Drop what fails the thresholds; masks that had to be judged are resolved."""
        return [self.filter_image(instances) for instances in pseudo_labels]

    def filter_image(self, instances: InstanceData) -> InstanceData:
        """Drop what fails the thresholds from the instances of one image."""
        instances = instances[self.keep_by_class(instances)]
        if self.min_area == 0 and (not self.judges_masks or 'mask_scores' in instances):
            not_empty = (instances.mask_logits > 0).flatten(1).any(1)
            return instances[self.keep_by_mask(instances) & not_empty]
        instances = resolve_masks(instances)
        areas = instances.masks.new_zeros(len(instances), dtype=torch.long)
        for i, mask in enumerate(instances.masks):
            areas[i] = torch.count_nonzero(mask)  # a sum would make an int64 copy of the mask
        return instances[self.keep_by_mask(instances) & (areas > self.min_area)]

    def reasons(self, name: str, dropped: InstanceData) -> List[str]:
        """Which threshold each instance misses, the class's first."""
        by_class = self.keep_by_class(dropped)
        judged = resolve_masks(dropped[by_class])
        by_mask = self.keep_by_mask(judged)
        mask_texts = iter([
            self.mask_reason(name, judged[i]) if not by_mask[i] else
            self._area_reason(name, int(mask.sum())) for i, mask in enumerate(judged.masks)])
        return [next(mask_texts) if passes else self.class_reason(name, dropped[i])
                for i, passes in enumerate(by_class.tolist())]

    def _area_reason(self, name: str, area: int) -> str:
        """Why a mask of so many pixels is too small, in words."""
        if area == 0:
            return 'its mask is empty'
        return f'mask of {area} pixels, {name}.min_area {self.min_area} asks for more'

    def class_reason(self, name: str, instance: InstanceData) -> str:
        """Why one instance fails :meth:`keep_by_class`, in words."""
        return f'its class score {float(instance.class_scores):.2f} fails {name}'

    def mask_reason(self, name: str, instance: InstanceData) -> str:
        """Why one instance fails :meth:`keep_by_mask`, in words."""
        return f'its mask fails {name}'

    @property
    @abstractmethod
    def lowest_class_score(self) -> float:
        """Class score below which no instance passes."""

    @abstractmethod
    def keep_by_class(self, instances: InstanceData) -> Tensor:
        """Say which instances class evidence alone lets through, bool (N,)."""

    @abstractmethod
    def keep_by_mask(self, instances: InstanceData) -> Tensor:
        """Say which instances pass, once ``mask_scores`` are known, bool (N,)."""


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
        self.class_thr = check_range('class_thr', class_thr, 0, 1)
        self.mask_thr = check_range('mask_thr', mask_thr, 0, 1)

    @property
    def lowest_class_score(self) -> float:
        """Class score below which no instance passes."""
        return self.class_thr

    def keep_by_class(self, instances: InstanceData) -> Tensor:
        """The half of Eq. 5 that needs no mask."""
        return instances.class_scores >= self.class_thr

    def keep_by_mask(self, instances: InstanceData) -> Tensor:
        """Eq. 5."""
        return dual_threshold(instances.class_scores, instances.mask_scores,
                              self.class_thr, self.mask_thr)

    def class_reason(self, name: str, instance: InstanceData) -> str:
        """The class score and its threshold."""
        score = shown_below(float(instance.class_scores), self.class_thr)
        return f'class score {score} below {name}.class_thr {self.class_thr:g}'

    def mask_reason(self, name: str, instance: InstanceData) -> str:
        """The mask score and its threshold."""
        score = shown_below(float(instance.mask_scores), self.mask_thr)
        return f'mask score {score} below {name}.mask_thr {self.mask_thr:g}'


@MODELS.register_module()
class CoupledThresholdFilter(ThresholdFilter):
    """Keep an instance if class quality x mask quality is high (PL-DC Tab. 3, "- DDTF").

    Args:
        score_thr: threshold on the product; the paper's 0.765 is 0.9 x 0.85.
        min_area: a mask must cover more than this many pixels of the network input.
    """

    def __init__(self, score_thr: float = 0.765, min_area: int = 5) -> None:
        super().__init__(min_area)
        self.score_thr = check_range('score_thr', score_thr, 0, 1)

    @property
    def lowest_class_score(self) -> float:
        """Class score below which no instance passes."""
        return self.score_thr

    def keep_by_class(self, instances: InstanceData) -> Tensor:
        """A mask quality is at most 1, so the class quality alone must reach the threshold."""
        return instances.class_scores >= self.score_thr

    def keep_by_mask(self, instances: InstanceData) -> Tensor:
        """The product against the threshold."""
        return coupled_threshold(instances.class_scores, instances.mask_scores, self.score_thr)

    def class_reason(self, name: str, instance: InstanceData) -> str:
        """The class score, which the product cannot exceed, and the threshold."""
        score = shown_below(float(instance.class_scores), self.score_thr)
        return f'class score {score} below {name}.score_thr {self.score_thr:g}'

    def mask_reason(self, name: str, instance: InstanceData) -> str:
        """The product and its threshold."""
        score = shown_below(float(instance.class_scores * instance.mask_scores), self.score_thr)
        return f'class score x mask score {score} below {name}.score_thr {self.score_thr:g}'


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
        self.class_thr = check_range('class_thr', class_thr, 0, 1)

    @property
    def lowest_class_score(self) -> float:
        """Class score below which no instance passes."""
        return self.class_thr

    def keep_by_class(self, instances: InstanceData) -> Tensor:
        """Class quality above the threshold."""
        return instances.class_scores > self.class_thr

    def keep_by_mask(self, instances: InstanceData) -> Tensor:
        """As the class says: the mask quality is not read."""
        return self.keep_by_class(instances)

    def class_reason(self, name: str, instance: InstanceData) -> str:
        """The class score and its threshold."""
        score = shown_below(float(instance.class_scores), self.class_thr)
        return f'class score {score} not above {name}.class_thr {self.class_thr:g}'

    def mask_reason(self, name: str, instance: InstanceData) -> str:
        """As the class says."""
        return self.class_reason(name, instance)
