"""Data sets, samplers and views."""

from . import samplers, transforms  # noqa: F401
from .box_labeled_coco_dataset import BoxLabeledCocoDataset
from .image_errors import UnreadableImageError
from .labeled_pseudo_concat_dataset import LabeledPseudoConcatDataset
from .pipeline_geometry import check_pipeline_geometry
from .pseudo_labeled_coco_dataset import PseudoLabeledCocoDataset
from .semi_concat_dataset import SemiConcatDataset
from .unlabeled_coco_dataset import UnlabeledCocoDataset
from .unlabeled_folder_dataset import UnlabeledFolderDataset

__all__ = [
    'BoxLabeledCocoDataset', 'LabeledPseudoConcatDataset', 'PseudoLabeledCocoDataset',
    'SemiConcatDataset', 'UnlabeledCocoDataset', 'UnlabeledFolderDataset', 'UnreadableImageError',
    'check_pipeline_geometry'
]
