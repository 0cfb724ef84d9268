"""Class-aware adaptive thresholds (DF-ACAT of PL-DC's authors' later work), repaired."""

from typing import List, Optional, Sequence, Tuple

import torch
from mmdet.registry import MODELS
from mmengine.dist import all_reduce
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.structures import PseudoLabelContext, resolve_masks
from mmssis.utils.settings import check_range

from .base import shown_below
from .threshold_filters import ThresholdFilter


@MODELS.register_module()
class AdaptiveThresholdFilter(ThresholdFilter):
    """Dual thresholds per class that follow the mean quality of the class's predictions.

    Both thresholds of class k start at ``low + (high - low) * n_k / max(n)`` with n_k labeled
    instances, and then follow by moving average the mean quality of the candidates of class k
    whose class quality reaches ``class_range[0]``. Unlike the released code, which no released
    config turns on, they are clamped to their range, see valid candidates only, are reduced
    over ranks, and are buffers, hence saved and resumed.

    Args:
        num_classes: K.
        class_range: lowest and highest class threshold.
        mask_range: lowest and highest mask threshold.
        momentum: weight of the old threshold, in [0, 1).
        instances_per_class: n_k of the labeled set; equal numbers if not given.
        min_area: a mask must cover more than this many pixels of the network input.
    """

    def __init__(self,
                 num_classes: int,
                 class_range: Tuple[float, float] = (0.7, 0.85),
                 mask_range: Tuple[float, float] = (0.8, 0.9),
                 momentum: float = 0.9996,
                 instances_per_class: Optional[Sequence[int]] = None,
                 min_area: int = 5) -> None:
        super().__init__(min_area)
        check_range('num_classes', num_classes, 1, whole=True)
        check_range('momentum', momentum, 0, 1, open_high=True)
        counts = [1] * num_classes if instances_per_class is None else list(instances_per_class)
        if len(counts) != num_classes or max(counts) <= 0 or min(counts) < 0:
            raise ValueError(
                f'instances_per_class has {len(counts)} numbers '
                f'from {min(counts)} to {max(counts)}: give one count >= 0 for each of '
                f'{num_classes} classes')
        self.class_range = self._check_range('class_range', class_range)
        self.mask_range = self._check_range('mask_range', mask_range)
        self.momentum = momentum
        share = torch.tensor(counts, dtype=torch.float32) / max(counts)
        self.register_buffer('class_thrs', torch.lerp(*map(torch.tensor, self.class_range), share))
        self.register_buffer('mask_thrs', torch.lerp(*map(torch.tensor, self.mask_range), share))

    def _check_range(self, name: str, bounds: Tuple[float, float]) -> Tuple[float, float]:
        low, high = (float(check_range(name, bound, 0, 1)) for bound in bounds)
        if low > high:
            raise ValueError(f'{name} = {bounds}: give (low, high)')
        return low, high

    def forward(self, pseudo_labels: List[InstanceData],
                context: PseudoLabelContext) -> List[InstanceData]:
        """Filter with the thresholds as they stand, then, in training, move them."""
        valid = [
            resolve_masks(instances[instances.class_scores >= self.class_range[0]])
            for instances in pseudo_labels
        ]
        kept = [self.filter_image(instances) for instances in valid]
        if self.training:
            self.update(valid)
        return kept

    @property
    def lowest_class_score(self) -> float:
        """Class score below which no instance passes."""
        return self.class_range[0]

    def keep_by_class(self, instances: InstanceData) -> Tensor:
        """Class quality against the threshold of the instance's class."""
        return instances.class_scores >= self.class_thrs[instances.labels]

    def keep_by_mask(self, instances: InstanceData) -> Tensor:
        """Mask quality against the threshold of the instance's class."""
        return instances.mask_scores >= self.mask_thrs[instances.labels]

    def class_reason(self, name: str, instance: InstanceData) -> str:
        """The class score and the threshold of the instance's class."""
        limit = float(self.class_thrs[instance.labels])
        return (f'class score {shown_below(float(instance.class_scores), limit)} below '
                f'{limit:.3f}, the class threshold of {name} for its class')

    def mask_reason(self, name: str, instance: InstanceData) -> str:
        """The mask score and the threshold of the instance's class."""
        limit = float(self.mask_thrs[instance.labels])
        return (f'mask score {shown_below(float(instance.mask_scores), limit)} below '
                f'{limit:.3f}, the mask threshold of {name} for its class')

    @torch.no_grad()
    def update(self, valid: Sequence[InstanceData]) -> None:
        """Move the thresholds of the classes that occur on any rank.

        Args:
            valid: candidates of each image that reached the lowest class threshold.
        """
        labels = torch.cat([instances.labels for instances in valid])
        ones = torch.ones_like(labels, dtype=torch.float32)
        values = (ones, torch.cat([instances.class_scores.float() for instances in valid]),
                  torch.cat([instances.mask_scores for instances in valid]))
        sums = self.class_thrs.new_zeros(3, len(self.class_thrs))
        for row, value in zip(sums, values):
            row.index_add_(0, labels, value)
        all_reduce(sums)
        seen = sums[0] > 0
        for thrs, total, bounds in ((self.class_thrs, sums[1], self.class_range),
                                    (self.mask_thrs, sums[2], self.mask_range)):
            moved = thrs.lerp(total / sums[0].clamp(min=1), 1 - self.momentum).clamp(*bounds)
            thrs.copy_(torch.where(seen, moved, thrs))
