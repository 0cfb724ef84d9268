"""What travels between teacher, pseudo-label hooks and student."""

from .pseudo_label import PseudoLabelContext, boxes_of_masks, resolve_masks
from .views import project_instances, view_to_view

__all__ = [
    'PseudoLabelContext', 'boxes_of_masks', 'project_instances', 'resolve_masks', 'view_to_view'
]
