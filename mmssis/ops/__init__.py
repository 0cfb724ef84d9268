"""The papers' equations as pure functions: tensors in, tensors out, no state, no config."""

from .affinity import affinity_loss, mask_affinity
from .aligning import aligning_weights
from .boundary import boundary_preserving_map, boundary_preserving_map_in_boxes
from .box_labels import assign_masks_to_boxes, mask_aware_scores
from .box_maps import sample_box_maps
from .box_supervision import color_similarity, pairwise_loss, projection_loss, rgb_to_lab
from .components import largest_part_boxes
from .focal import softmax_focal_loss
from .fusion import correction_can_change, fuse_class_probs, fusion_weight
from .geometry import affine_masks
from .matching import match_class_thresholds, match_pixel_threshold
from .overlap import binary_mask_iou
from .points import sample_points
from .quality import class_quality, mask_quality
from .ranks import channel_ranks, rank_overlap, rank_overlap_map, rank_weights
from .thresholds import coupled_threshold, dual_threshold
from .uncertainty import mask_uncertainty, weighted_mask_bce, weighted_mask_dice

__all__ = [
    'affine_masks', 'affinity_loss', 'aligning_weights', 'assign_masks_to_boxes', 'binary_mask_iou',
    'boundary_preserving_map', 'boundary_preserving_map_in_boxes', 'channel_ranks',
    'class_quality', 'color_similarity', 'correction_can_change', 'coupled_threshold',
    'dual_threshold', 'fuse_class_probs', 'fusion_weight', 'largest_part_boxes', 'mask_affinity',
    'mask_aware_scores', 'mask_quality', 'mask_uncertainty', 'match_class_thresholds',
    'match_pixel_threshold', 'pairwise_loss', 'projection_loss', 'rank_overlap',
    'rank_overlap_map', 'rank_weights', 'rgb_to_lab', 'sample_box_maps', 'sample_points',
    'softmax_focal_loss', 'weighted_mask_bce', 'weighted_mask_dice'
]
