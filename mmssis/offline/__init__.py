"""Pseudo labels made once, before training: predictions on disk, thresholds, a COCO file."""

from .annotations import write_annotations
from .detections import SoftDetections
from .fingerprint import check_header, write_header
from .generation import predict_images, share_of_rank
from .image_source import ImageSource, image_loader, list_images
from .label_statistics import LabelStatistics, read_label_statistics
from .predictor import build_predictor
from .record import Record
from .shards import ShardWriter, finished_ids, read_records
from .thresholds import Thresholds, find_thresholds
from .tta_views import View, make_views

__all__ = [
    'ImageSource', 'LabelStatistics', 'Record', 'ShardWriter', 'SoftDetections', 'Thresholds',
    'View', 'build_predictor', 'check_header', 'find_thresholds', 'finished_ids', 'image_loader',
    'list_images', 'make_views', 'predict_images', 'read_label_statistics', 'read_records',
    'share_of_rank', 'write_annotations', 'write_header'
]
