"""What travels between teacher, pseudo-label hooks and student."""

from .boundary import boxes_on_grid, check_boundary_map
from .box_maps import BoxMaps
from .class_map import (ClassMap, cover_of_masks, draw_cells, masks_on_grid, project_classes,
                        true_class_map)
from .doubtful import (boxes_on_doubtful, masks_on_doubtful, move_doubtful, points_on_doubtful,
                       set_doubtful)
from .native_views import move_box_masks, move_pseudo_labels, move_query_masks, project_boxes
from .pseudo_label import PseudoLabelContext, boxes_of_masks, paste_masks, resolve_masks
from .views import same_geometry, view_to_view
from .weights import (background_weight, crop_grid, instance_weights, is_pseudo_labeled,
                      pixel_weights_at, weighs_pixels)

__all__ = [
    'BoxMaps', 'ClassMap', 'PseudoLabelContext', 'background_weight', 'boxes_of_masks',
    'boxes_on_doubtful', 'boxes_on_grid', 'check_boundary_map', 'cover_of_masks', 'crop_grid',
    'draw_cells', 'instance_weights', 'is_pseudo_labeled', 'masks_on_doubtful', 'masks_on_grid',
    'move_box_masks', 'move_doubtful', 'move_pseudo_labels', 'move_query_masks', 'paste_masks',
    'pixel_weights_at', 'points_on_doubtful', 'project_boxes', 'project_classes',
    'resolve_masks', 'same_geometry', 'set_doubtful', 'true_class_map', 'view_to_view',
    'weighs_pixels'
]
