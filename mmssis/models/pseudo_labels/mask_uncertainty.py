"""Pixel-level mask uncertainty (PMUA)."""

from typing import List

from mmdet.registry import MODELS
from mmengine.structures import InstanceData

from mmssis.ops import mask_uncertainty
from mmssis.structures import PseudoLabelContext

from .base import PseudoLabelHook


@MODELS.register_module()
class MaskUncertainty(PseudoLabelHook):
    """Weigh each pixel of a pseudo mask by 1 - u (PL-DC Eq. 10, 11).

    The uncertainty is taken at the stride of the mask logits; the loss samples the weights
    bilinearly at its points. The released code samples an uncertainty map of full resolution.
    """

    def forward(self, pseudo_labels: List[InstanceData],
                context: PseudoLabelContext) -> List[InstanceData]:
        """Set ``pixel_weights`` (N, h, w) = 1 - u."""
        for instances in pseudo_labels:
            instances.pixel_weights = 1 - mask_uncertainty(instances.mask_logits.float())
        return pseudo_labels
