"""Trainings to export: a config and a checkpoint of random weights, never trained."""

from pathlib import Path
from typing import Sequence

import numpy as np
import torch
from mmdet.registry import MODELS
from mmengine.config import Config, ConfigDict
from mmengine.registry import DefaultScope
from torch import nn
from toy import CLASSES, META_KEYS, SIZE, toy_detector
from toy_mask_rcnn import toy_mask_rcnn

PALETTE = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
PIPELINE = [dict(type='LoadImageRobust'),
            dict(type='Resize', scale=(SIZE, SIZE), keep_ratio=True),
            dict(type='PackDetInputs', meta_keys=META_KEYS[:5])]


def plain_rcnn(**settings) -> ConfigDict:
    """A toy Mask R-CNN with mmdet's mask head."""
    return toy_mask_rcnn(**{'mask_head': 'FCNMaskHead', **settings})


def build_random(model: ConfigDict, seed: int = 0) -> nn.Module:
    """A model in eval mode; a Mask R-CNN predicts more than background."""
    torch.manual_seed(seed)
    with DefaultScope.overwrite_default_scope('mmdet'):
        built = MODELS.build(model).eval()
    for part in (built, *built.children()):
        if hasattr(part, 'roi_head'):
            for name in ('fc_cls', 'fc_reg'):
                nn.init.normal_(getattr(part.roi_head.bbox_head, name).weight, std=0.1)
    return built


def write_config(folder: Path, model: ConfigDict, pipeline: Sequence[dict] = PIPELINE,
                 classes: Sequence[str] = CLASSES) -> Path:
    """Write ``toy.py`` with a model and the data of its test."""
    dataset = dict(type='CocoDataset', ann_file='none.json', pipeline=list(pipeline),
                   metainfo=dict(classes=tuple(classes), palette=PALETTE[:len(classes)]))
    text = Config(dict(model=model, default_scope='mmdet', test_dataloader=dict(
        batch_size=1, dataset=dataset))).pretty_text
    # As yapf has it, which the tests leave out.
    (folder / 'toy.py').write_text(text.replace('model=dict(', 'model = dict(', 1))
    return folder / 'toy.py'


def write_run(folder: Path, model: ConfigDict, **settings) -> Path:
    """Write ``toy.py`` and a checkpoint beside it, which is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    write_config(folder, model, **settings)
    meta = dict(classes=settings.get('classes', CLASSES), palette=PALETTE)
    torch.save(dict(state_dict=build_random(model).state_dict(),
                    meta=dict(dataset_meta=meta)), folder / 'iter_4.pth')
    return folder / 'iter_4.pth'


def plain_mask2former(**settings) -> ConfigDict:
    """A toy Mask2Former."""
    return toy_detector(**settings)


def photo(height: int = 60, width: int = 80) -> np.ndarray:
    """Noise, BGR uint8 (height, width, 3)."""
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
