"""The papers' equations as pure functions: tensors in, tensors out, no state, no config."""

from .components import largest_part_boxes
from .fusion import correction_can_change, fuse_class_probs, fusion_weight
from .geometry import affine_masks
from .points import sample_points
from .quality import class_quality, mask_quality
from .thresholds import coupled_threshold, dual_threshold
from .uncertainty import mask_uncertainty, weighted_mask_bce, weighted_mask_dice

__all__ = [
    'affine_masks', 'class_quality', 'correction_can_change', 'coupled_threshold',
    'dual_threshold', 'fuse_class_probs', 'fusion_weight', 'largest_part_boxes', 'mask_quality',
    'mask_uncertainty', 'sample_points', 'weighted_mask_bce', 'weighted_mask_dice'
]
