"""The annotation files that a run is about to read."""

import os
from typing import Any, Iterator, Tuple

from mmdet.datasets import CocoDataset
from mmdet.registry import DATASETS
from mmengine.config import Config

from .coco_file import scan_coco

PLAIN, COMPLETED = 'CocoDataset', 'CompletedCocoDataset'
# It does not read annotations.
WITHOUT_LABELS = 'UnlabeledCocoDataset'


def check_annotation_files(cfg: Config) -> None:
    """Refuse COCO files that mmdet would not read, or fail on without naming them.

    Where annotations have no ``area``, mmdet's data set becomes one that does without.

    Args:
        cfg: a config with data loaders, changed in place; files that are not there are left to
            the data sets.

    Raises:
        ValueError: with the key of the data set, file, place, value and remedy.
    """
    for part in ('train', 'val', 'test'):
        loader = cfg.get(f'{part}_dataloader') or {}
        for place, dataset in _coco_data_sets(loader.get('dataset'), f'{part}_dataloader.dataset'):
            path = os.path.join(dataset.get('data_root') or '', dataset['ann_file'])
            if dataset['type'].endswith(WITHOUT_LABELS) or not os.path.exists(path):
                continue
            try:
                has_areas = scan_coco(path).has_areas
            except ValueError as error:
                raise ValueError(f'{place}: {error}') from error
            if not has_areas and dataset['type'].rpartition('.')[2] == PLAIN:
                dataset['type'] = COMPLETED


def _coco_data_sets(node: Any, place: str) -> Iterator[Tuple[str, dict]]:
    """Configs of the data sets that read plain COCO files, with their places."""
    if isinstance(node, dict):
        if isinstance(node.get('ann_file'), str) and _reads_coco(node.get('type')):
            yield place, node
        for key, child in node.items():
            yield from _coco_data_sets(child, f'{place}.{key}')
    elif isinstance(node, (list, tuple)):
        for index, child in enumerate(node):
            yield from _coco_data_sets(child, f'{place}.{index}')


def _reads_coco(kind: Any) -> bool:
    """Whether a type of data set reads COCO's form; LVIS and panoptic files have others."""
    found = DATASETS.get(kind) if isinstance(kind, str) else None
    return isinstance(found, type) and issubclass(found, CocoDataset) and (
        found.__module__.startswith('mmssis.') or found.load_data_list is CocoDataset.load_data_list
        and found.COCOAPI is CocoDataset.COCOAPI)
