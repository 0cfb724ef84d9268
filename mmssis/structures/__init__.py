"""What travels between teacher, pseudo-label hooks and student."""

from .box_maps import BoxMaps
from .native_views import move_box_masks, move_query_masks, project_boxes
from .pseudo_label import PseudoLabelContext, boxes_of_masks, paste_masks, resolve_masks
from .views import project_instances, view_to_view

__all__ = [
    'BoxMaps', 'PseudoLabelContext', 'boxes_of_masks', 'move_box_masks', 'move_query_masks',
    'paste_masks', 'project_boxes', 'project_instances', 'resolve_masks', 'view_to_view'
]
