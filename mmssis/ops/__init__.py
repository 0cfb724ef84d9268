"""The papers' equations as pure functions: tensors in, tensors out, no state, no config."""

from .affinity import affinity_loss, mask_affinity
from .aligning import aligning_weights, count_by_kind, divide_by_kind
from .boundary import boundary_preserving_map, boundary_preserving_map_in_boxes
from .box_labels import assign_masks_to_boxes, mask_aware_scores, mean_entropy_scores
from .box_maps import sample_box_maps
from .box_supervision import color_similarity, pairwise_loss, projection_loss, rgb_to_lab
from .components import largest_part_boxes
from .focal import softmax_focal_loss
from .fusion import (correction_can_change, fuse_class_probs, fusion_weight, joint_class_probs,
                     sigmoid_class_probs)
from .geometry import affine_masks
from .matching import match_class_thresholds, match_pixel_threshold
from .overlap import binary_mask_iou
from .points import sample_points
from .quality import class_quality, mask_quality
from .ranks import channel_ranks, rank_overlap, rank_overlap_map, rank_weights
from .regions import box_share_in_regions, mask_share_on_region, region_at_points
from .thresholds import coupled_threshold, dual_threshold
from .uncertainty import mask_uncertainty, weighted_mask_bce, weighted_mask_dice

__all__ = [
    'affine_masks', 'affinity_loss', 'aligning_weights', 'assign_masks_to_boxes',
    'binary_mask_iou', 'boundary_preserving_map', 'boundary_preserving_map_in_boxes',
    'box_share_in_regions', 'channel_ranks', 'class_quality', 'color_similarity',
    'correction_can_change', 'count_by_kind', 'coupled_threshold', 'divide_by_kind',
    'dual_threshold', 'fuse_class_probs', 'fusion_weight', 'joint_class_probs',
    'largest_part_boxes', 'mask_affinity', 'mask_aware_scores', 'mask_quality',
    'mask_share_on_region', 'mask_uncertainty', 'match_class_thresholds',
    'match_pixel_threshold', 'mean_entropy_scores', 'pairwise_loss', 'projection_loss',
    'rank_overlap', 'rank_overlap_map', 'rank_weights', 'region_at_points', 'rgb_to_lab',
    'sample_box_maps', 'sample_points', 'sigmoid_class_probs', 'softmax_focal_loss',
    'weighted_mask_bce', 'weighted_mask_dice'
]
