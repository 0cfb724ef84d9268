"""What travels between teacher, pseudo-label hooks and student."""

from .box_maps import BoxMaps
from .native_views import move_box_masks, move_query_masks, project_boxes
from .pseudo_label import (PseudoLabelContext, background_weight, boxes_of_masks, is_pseudo_labeled,
                           paste_masks, resolve_masks)
from .semantic_map import (SemanticMap, cover_of_masks, draw_cells, masks_on_grid, project_classes,
                           true_class_map)
from .views import project_instances, view_to_view

__all__ = [
    'BoxMaps', 'PseudoLabelContext', 'SemanticMap', 'background_weight', 'boxes_of_masks',
    'cover_of_masks', 'draw_cells', 'is_pseudo_labeled', 'masks_on_grid', 'move_box_masks',
    'move_query_masks', 'paste_masks', 'project_boxes', 'project_classes', 'project_instances',
    'resolve_masks', 'true_class_map', 'view_to_view'
]
