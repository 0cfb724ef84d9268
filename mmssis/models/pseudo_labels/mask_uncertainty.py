"""Pixel-level mask uncertainty (PMUA)."""

from typing import List

from mmdet.registry import MODELS
from mmengine.structures import InstanceData

from mmssis.structures import PseudoLabelContext

from .base import PseudoLabelHook


@MODELS.register_module()
class MaskUncertainty(PseudoLabelHook):
    """Weigh each pixel of a pseudo mask by 1 - u (PL-DC Eq. 10, 11).

    The mask loss reads the teacher's logits where it reads the targets and takes u there, as Eq. 10
    is per pixel: u is far from linear near the outline, where most sampled points are.
    """

    def forward(self, pseudo_labels: List[InstanceData],
                context: PseudoLabelContext) -> List[InstanceData]:
        """Set ``pixel_logits`` (N, h, w)."""
        for instances in pseudo_labels:
            instances.pixel_logits = instances.mask_logits
        return pseudo_labels
