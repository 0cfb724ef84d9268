"""Cityscapes' own AP through our converter, data set and config, where its package is there."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import DATASETS
from mmengine.evaluator import Evaluator
from PIL import Image

from mmssis.datasets.converters.cityscapes import CLASSES, convert_cityscapes
from mmssis.utils import load_config

pytest.importorskip('cityscapesscripts', reason='cityscapesscripts is optional')

CONFIG = Path(__file__).parents[2] / (
    'configs/pldc/mask2former_r50_cityscapes5pct_cityscapes-ap.py')


@pytest.fixture
def dataset(tmp_path):
    """Two images: two people and a car; nothing but road."""
    ids = np.full((64, 128), 7)
    ids[4:20, 4:20], ids[30:50, 4:20], ids[10:40, 60:100] = 24000, 24001, 26000
    for city, values in (('a', ids), ('b', np.full_like(ids, 7))):
        for kind, suffix, image in (('leftImg8bit', 'leftImg8bit', np.zeros((64, 128, 3))),
                                    ('gtFine', 'gtFine_instanceIds', values)):
            folder = tmp_path / kind / 'val' / city
            folder.mkdir(parents=True)
            Image.fromarray(image.astype(np.uint8 if image.ndim == 3 else np.uint16)).save(
                folder / f'{city}_000000_000019_{suffix}.png')
    content = convert_cityscapes(str(tmp_path), 'val')
    (tmp_path / 'val.json').write_text(json.dumps(content))
    return DATASETS.build(dict(
        type='CocoDataset', data_root=str(tmp_path), ann_file='val.json', test_mode=True,
        data_prefix=dict(img='leftImg8bit/val/'), metainfo=dict(classes=CLASSES), pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
            dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape'))]))


def predictions(dataset, keep):
    """Ground truth as predictions; ``keep`` says which instances of an image are found."""
    samples = []
    for item in dataset:
        truth = item['data_samples'].gt_instances
        sample = item['data_samples'].to_dict()
        masks = truth.masks.to_tensor(torch.bool, 'cpu')
        found = torch.tensor([keep(i) for i in range(len(truth))], dtype=torch.bool)
        sample['pred_instances'] = dict(
            labels=truth.labels[found], masks=masks[found], scores=torch.ones(int(found.sum())))
        samples.append(sample)
    return samples


def test_config_computes_the_official_ap(dataset, tmp_path):
    settings = load_config(CONFIG, check_data=False).val_evaluator[1]
    evaluator = Evaluator([{**settings, 'seg_prefix': str(tmp_path / 'gtFine/val'),
                            'outfile_prefix': str(tmp_path / 'results')}])
    evaluator.dataset_meta = dataset.metainfo
    # Teacher and student are evaluated one after the other by the same evaluator.
    for keep, ap in ((lambda index: True, 1.0), (lambda index: index < 2, 0.5)):
        evaluator.process(data_samples=predictions(dataset, keep))
        metrics = evaluator.evaluate(len(dataset))
        assert metrics['cityscapes/mAP'] == pytest.approx(ap)
