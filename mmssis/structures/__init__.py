"""What travels between teacher, pseudo-label hooks and student."""

from .box_maps import BoxMaps
from .native_views import move_box_masks, move_query_masks, project_boxes
from .pseudo_label import (PseudoLabelContext, background_weight, boxes_of_masks, is_pseudo_labeled,
                           paste_masks, resolve_masks)
from .views import project_instances, view_to_view

__all__ = [
    'BoxMaps', 'PseudoLabelContext', 'background_weight', 'boxes_of_masks', 'is_pseudo_labeled',
    'move_box_masks', 'move_query_masks', 'paste_masks', 'project_boxes', 'project_instances',
    'resolve_masks', 'view_to_view'
]
