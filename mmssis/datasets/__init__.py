"""Data sets, samplers and views."""

from . import samplers, transforms  # noqa: F401
from .image_errors import UnreadableImageError
from .pipeline_geometry import check_pipeline_geometry
from .semi_concat_dataset import SemiConcatDataset
from .unlabeled_coco_dataset import UnlabeledCocoDataset
from .unlabeled_folder_dataset import UnlabeledFolderDataset

__all__ = [
    'SemiConcatDataset', 'UnlabeledCocoDataset', 'UnlabeledFolderDataset', 'UnreadableImageError',
    'check_pipeline_geometry'
]
