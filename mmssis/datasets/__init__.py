"""Data sets, samplers and views."""

from . import samplers, transforms  # noqa: F401
from .box_labeled_coco_dataset import BoxLabeledCocoDataset
from .checks.pipeline_geometry import check_pipeline_geometry
from .completed_coco_dataset import CompletedCocoDataset
from .image_errors import UnreadableImageError
from .pseudo_labeled_coco_dataset import PseudoLabeledCocoDataset
from .semi_dataset import SemiDataset
from .sources import sources_of
from .unlabeled_coco_dataset import UnlabeledCocoDataset
from .unlabeled_folder_dataset import UnlabeledFolderDataset

__all__ = [
    'BoxLabeledCocoDataset', 'CompletedCocoDataset', 'PseudoLabeledCocoDataset', 'SemiDataset',
    'UnlabeledCocoDataset', 'UnlabeledFolderDataset', 'UnreadableImageError',
    'check_pipeline_geometry', 'sources_of'
]
