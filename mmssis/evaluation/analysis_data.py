"""The images of an analysis and the file of their true masks."""

from typing import Iterator, List, Sequence, Tuple

import torch
from mmdet.registry import DATASETS
from mmdet.utils import get_test_pipeline_cfg
from mmengine.config import Config
from mmengine.dataset import BaseDataset

from .hidden_ground_truth import HiddenGroundTruth

DATA = ('unlabeled', 'val')
"""What an analysis may look at."""


def analysis_images(cfg: Config, data: str, pipeline: Sequence[dict],
                    classes: Sequence[str]) -> Tuple[BaseDataset, HiddenGroundTruth]:
    """The unlabeled images of a config with their hidden truth, or those of validation.

    Args:
        cfg: a resolved config.
        data: of :data:`DATA`.
        pipeline: transforms, the first of which loads an image.
        classes: the detector's class names.

    Returns:
        The data set and the truth, whose file may have more images.

    Raises:
        SystemExit: if the config has no such images, or no truth of them.
    """
    try:
        return _images(cfg, data, pipeline, classes)
    except (ValueError, OSError) as error:
        raise SystemExit(str(error)) from error


def _images(cfg: Config, data: str, pipeline: Sequence[dict],
            classes: Sequence[str]) -> Tuple[BaseDataset, HiddenGroundTruth]:
    """:func:`analysis_images` with the errors of the data."""
    if data == 'val':
        part = cfg.val_dataloader.dataset
        dataset = DATASETS.build(dict(part, pipeline=list(pipeline), test_mode=True))
        return dataset, HiddenGroundTruth(dataset.ann_file, classes)
    part = cfg.train_dataloader.dataset.get('unlabeled')
    hidden = (cfg.default_hooks.get('statistics') or {}).get('hidden_ann_file')
    if part is None or hidden is None:
        missing = ('train_dataloader.dataset.unlabeled' if part is None else
                   'data_set.hidden (with default_hooks.statistics)')
        raise ValueError(f'The config has no {missing}: the truth of unlabeled images is the COCO '
                         'file data_set.hidden. Set it, or look at the images of validation with '
                         '--data val')
    return (DATASETS.build(dict(part, pipeline=list(pipeline))),
            HiddenGroundTruth(hidden, classes))


def class_names_of(cfg: Config) -> Tuple[str, ...]:
    """Class names of a config's validation data, in label order."""
    part = cfg.val_dataloader.dataset
    return tuple((part.get('metainfo') or DATASETS.get(part.type).METAINFO)['classes'])


def teacher_pipeline(cfg: Config) -> List[dict]:
    """The config's test pipeline without annotations; samples know how they were resized."""
    return [dict(step, meta_keys=(*step.get('meta_keys', ()), 'img_path', 'img_shape', 'ori_shape',
                                  'scale_factor', 'img_id', 'homography_matrix'))
            if step['type'].endswith('PackDetInputs') else dict(step)
            for step in get_test_pipeline_cfg(cfg) if step['type'] != 'LoadAnnotations']


def spread(dataset: BaseDataset, count: int) -> Iterator[dict]:
    """Samples evenly spread over a data set.

    Args:
        dataset: any.
        count: how many, at most.

    Yields:
        What the data set gives for each.
    """
    number = min(count, len(dataset))
    for index in torch.linspace(0, len(dataset) - 1, number).round().int().tolist():
        yield dataset[index]
