"""What all threshold filters share: class evidence first, masks later."""

from abc import abstractmethod
from typing import List

import torch
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.structures import PseudoLabelContext, resolve_masks

from .base import PseudoLabelHook


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
        if min_area < 0:
            raise ValueError(f'min_area = {min_area} of {self.name}: give a number of pixels >= 0')
        self.min_area = min_area

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

    @abstractmethod
    def keep_by_class(self, instances: InstanceData) -> Tensor:
        """Say which instances class evidence alone lets through, bool (N,)."""

    @abstractmethod
    def keep_by_mask(self, instances: InstanceData) -> Tensor:
        """Say which instances pass, once ``mask_scores`` are known, bool (N,)."""

    @staticmethod
    def check_threshold(name: str, value: float) -> float:
        """Return a threshold that lies in [0, 1].

        Raises:
            ValueError: otherwise, with the setting's name.
        """
        if not 0 <= value <= 1:
            raise ValueError(f'{name} = {value} in model.pseudo_label_hooks: '
                             'give a threshold in [0, 1]')
        return float(value)
