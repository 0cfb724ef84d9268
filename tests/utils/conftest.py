"""A small semi-supervised config with two classes, and files of a user's data."""

import json
from pathlib import Path
from typing import Any, Callable

import pytest
from mmengine.config import Config
from toy import toy_config

from mmssis.utils import load_config

CLASSES = ('bolt', 'nut')


@pytest.fixture(scope='session')
def base_file(tmp_path_factory) -> Path:
    """The toy config with everything that is resolved; nothing in it exists."""
    config = toy_config(Path('nowhere'), max_iters=1000, burn_in=100, write=False,
                        hooks=dict(ddtf=dict(type='DualThresholdFilter', class_thr=0.5),
                                   pmua=dict(type='MaskUncertainty')))
    loader = config['train_dataloader']
    dataset = dict(type='CocoDataset', test_mode=True, pipeline=[
        dict(type='LoadImageFromFile'), dict(type='Resize', scale='image_size', keep_ratio=True),
        dict(type='PackDetInputs')])
    for part in ('val', 'test'):
        config[f'{part}_dataloader'] = dict(batch_size=1, dataset=dataset)
        config[f'{part}_evaluator'] = dict(type='CocoMetric', metric='segm')
    pad = dict(type='BatchFixedSizePad', size='image_size')
    config['model']['data_preprocessor']['data_preprocessor']['batch_augments'] = [pad]
    loader['dataset']['labeled']['pipeline'][2:3] = [
        dict(type='RandomResize', scale='image_size', ratio_range='scale_jitter', keep_ratio=True),
        dict(type='RandomCrop', crop_size='crop_size')]
    config['default_hooks'].update(
        statistics=dict(type='PseudoLabelStatisticsHook'),
        logger=dict(type='LoggerHook', interval=10))
    config['default_hooks']['checkpoint'].update(save_best='teacher/coco/segm_mAP')
    for part in ('work_dir', 'custom_hooks'):
        config.pop(part, None)
    del loader['batch_size']
    config.update(
        val_cfg=dict(type='SemiValLoop'), test_cfg=dict(type='TestLoop'),
        image_size=(96, 64), scale_jitter=(0.5, 2.0), auto_scale_lr=dict(base_batch_size=16),
        param_scheduler=[
            dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50),
            dict(type='MultiStepLR', by_epoch=False, begin=0, end=1000, milestones=[900])])
    path = tmp_path_factory.mktemp('base') / 'base.py'
    path.write_text(''.join(f'{key} = {plain(value)!r}\n' for key, value in config.items()))
    return path


def plain(node: Any) -> Any:
    """The same without mmengine's dicts."""
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items()}
    return [plain(child) for child in node] if isinstance(node, list) else node


@pytest.fixture
def load(base_file: Path, tmp_path: Path) -> Callable[..., Config]:
    """``load(text, options, supervised=...)``: a child of the base config, with this text."""

    def load_child(text: str = '', options: Any = None, **settings: Any) -> Config:
        path = tmp_path / 'mine.py'
        path.write_text(f'_base_ = {str(base_file)!r}\n{text}\n')
        return load_config(path, options, **settings)

    return load_child


@pytest.fixture
def data_root(tmp_path: Path) -> Path:
    """Files of a data set with two classes; the images do not matter here."""
    root = tmp_path / 'mine'
    for folder in ('images', 'more_images'):
        (root / folder).mkdir(parents=True)
    categories = [dict(id=7, name='bolt'), dict(id=3, name='nut')]
    for name in ('labeled', 'unlabeled', 'val', 'hidden', 'boxes', '2@5', '2@5-unlabeled'):
        content = dict(images=[], annotations=[], categories=categories)
        (root / f'{name}.json').write_text(json.dumps(content))
    return root
