"""Configs that learn from boxes: published numbers, schedules, views, and that they build."""

import copy
import re
from pathlib import Path
from typing import List

import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import DATA_SAMPLERS, DATASETS, HOOKS, MODELS
from mmengine.config import ConfigDict
from mmengine.dataset import Compose
from shipped import (BOXES, COCO_CLASSES, CONFIGS, accepts, distinct, docstring, found, loaded,
                     name_of)
from toy_condinst import box_sample

from mmssis.datasets.pipeline_geometry import check_pipeline_geometry
from mmssis.utils.schedule import apply_schedule, check_burn_in

# Mask AP of the paper's tables, or of the released code's on val2017.
PUBLISHED = {
    'condinst_r50_coco.py': 32.6,
    'condinst_r50_coco_3x.py': 34.9,
    'condinst_r101_coco_3x.py': 36.2,
    'condinst_swin-base_coco_3x.py': 40.2,
    'condinst_r50_voc.py': 38.6,
    'condinst_r50_cityscapes.py': 21.7,
    'boxinst_r50_coco.py': 30.7,
    'self-training_r50_coco.py': 31.0,
}
# Steps, length, images of a GPU, learning rate (facts A2).
SCHEDULES = {
    'condinst_r50_coco.py': ([60000, 80000], 90000, 2, 0.01),
    'condinst_r101_coco.py': ([60000, 80000], 90000, 2, 0.01),
    'condinst_r50_coco_3x.py': ([210000, 250000], 270000, 2, 0.01),
    'condinst_r101_coco_3x.py': ([210000, 250000], 270000, 2, 0.01),
    'condinst_swin-base_coco_3x.py': ([210000, 250000], 270000, 2, 1e-4),
    'condinst_r50_voc.py': ([10000, 13333], 15000, 2, 0.01),
    'condinst_r50_cityscapes.py': ([18000], 24000, 1, 0.005),
}
FOLDER = CONFIGS / 'box_teacher'
every_config = pytest.mark.parametrize('path', BOXES, ids=name_of)


def sources(path: Path) -> List[ConfigDict]:
    """Data sets that read files."""
    leaves = []
    for dataset in loaded(path).train_dataloader.dataset.datasets:
        leaves += dataset.get('datasets', [dataset])
    return leaves


@pytest.mark.parametrize('name, mask_ap', PUBLISHED.items())
def test_docstring_names_the_published_ap(name, mask_ap):
    assert f'Published: {mask_ap} mask AP' in docstring(FOLDER / name)


@pytest.mark.parametrize('name, expected', SCHEDULES.items())
def test_schedule(name, expected):
    cfg = loaded(FOLDER / name)
    scheduler = cfg.param_scheduler[0]
    assert (scheduler.milestones, cfg.train_cfg.max_iters, cfg.train_dataloader.batch_size,
            cfg.optim_wrapper.optimizer.lr) == expected
    assert scheduler.end == cfg.train_cfg.max_iters
    assert cfg.auto_scale_lr.base_batch_size == 8 * expected[2]


@every_config
def test_teacher_follows_with_the_released_ramp(path):
    cfg = loaded(path)
    ema, = (hook for hook in cfg.custom_hooks if hook.type == 'TeacherEMAHook')
    momentum = 0.99 if 'lite0' in path.name else 0.999
    assert (ema.momentum, ema.warm_up_offset) == (momentum, 1)
    assert ema.momentum == pytest.approx(ema.warm_up / (ema.warm_up + 1))


@every_config
def test_every_source_is_known_and_builds_its_pipeline(path):
    cfg = loaded(path)
    same = cfg.train_dataloader.dataset.get('same_geometry', True)
    for dataset in sources(path):
        boxes = dataset.type == 'BoxLabeledCocoDataset'
        assert accepts(DATASETS, dataset)
        assert len(Compose(dataset.pipeline).transforms) == len(dataset.pipeline)
        check_pipeline_geometry(
            dataset.pipeline, unlabeled=dataset.type.startswith('Unlabeled'), same_geometry=same,
            box_labeled=boxes)
    fields = {tuple(field) for field in found([d.pipeline for d in sources(path)], 'branch_field')}
    assert len(fields) == 1
    assert accepts(DATA_SAMPLERS, cfg.train_dataloader.batch_sampler)


@every_config
def test_number_of_classes_is_consistent(path):
    cfg = loaded(path)
    classes = {tuple(d.get('metainfo', {}).get('classes', range(COCO_CLASSES)))
               for d in (*sources(path), cfg.val_dataloader.dataset)}
    assert set(found(cfg.model.detector, 'num_classes')) == {len(*classes)}


@every_config
def test_who_is_evaluated(path):
    cfg = loaded(path)
    supervised = cfg.model.burn_in == cfg.train_cfg.max_iters
    assert cfg.model.get('predict_on', 'teacher') == ('student' if supervised else 'teacher')
    best = 'student' if supervised else 'teacher'
    assert cfg.default_hooks.checkpoint.save_best == f'{best}/coco/segm_mAP'
    assert cfg.val_cfg.get('predict_on', best) == best
    assert bool(cfg.model.pseudo_label_hooks) != supervised


def test_hooks_and_models_are_known():
    for hook in distinct(hook for path in BOXES for hook in loaded(path).custom_hooks):
        assert HOOKS.build(hook) is not None
    for model in distinct(loaded(path).model for path in BOXES):
        assert accepts(MODELS, model)
        for hook in model.pseudo_label_hooks:
            MODELS.build(hook)


def test_detectors_build_without_weights():
    for detector in distinct(loaded(path).model.detector for path in BOXES):
        # Swin reads numbers of tensors while it builds, which the meta device has not.
        with torch.device('cpu' if detector.backbone.type == 'SwinTransformer' else 'meta'):
            model = MODELS.build(detector).eval()
            features = model.backbone(torch.empty(1, 3, 64, 64))
        assert [feature.shape[1] for feature in features] == list(detector.neck.in_channels)


def narrow(detector: ConfigDict) -> ConfigDict:
    """A detector with an eighth of its channels; Swin is flat too, EfficientNet stays as it is."""
    small = copy.deepcopy(detector)
    widths = dict(ResNet=dict(base_channels=8),
                  SwinTransformer=dict(embed_dims=16, depths=[1] * 4, num_heads=[1, 1, 2, 2]))
    if small.backbone.type in widths:
        small.backbone.update(widths[small.backbone.type])
        small.neck.in_channels = [channels // 8 for channels in small.neck.in_channels]
    small.neck.out_channels = 32
    small.bbox_head.update(in_channels=32, feat_channels=32)
    small.mask_head.mask_feature_head.update(in_channels=32, feat_channels=16)
    return small


def test_every_parameter_learns():
    """Ranks that train together stop at one that does not."""
    for detector in distinct(narrow(loaded(path).model.detector) for path in BOXES):
        model = MODELS.build(detector).train()
        samples = [box_sample((0, 1), masks=True), box_sample((2, ))]
        losses = model.loss(torch.randn(2, 3, 64, 64), samples)
        sum(value.sum() for value in losses.values()).backward()
        left_out = [name for name, parameter in model.named_parameters()
                    if parameter.requires_grad and parameter.grad is None]
        assert not left_out, detector.backbone.type


def test_the_whole_model_builds():
    with torch.device('meta'):
        model = MODELS.build(loaded(FOLDER / 'condinst_lite0_animals_mixed.py').model)
    assert [hook.name for hook in model.pseudo_label_hooks] == [
        'AssignToBoxes', 'ClassThresholdFilter']


@pytest.mark.parametrize('name, warm_up, colours', [
    pytest.param('condinst_r50_coco.py', None, 0, id='1x: no strong augmentation'),
    pytest.param('condinst_r50_coco_3x.py', None, 1, id='3x: strong augmentation'),
    pytest.param('condinst_swin-base_coco_3x.py', None, 1, id='Swin, 3x'),
    pytest.param('condinst_r50_voc.py', 1667, 0, id='VOC: unknown, hence none'),
    pytest.param('condinst_r50_cityscapes.py', None, 0, id='Cityscapes: unknown, hence none'),
    pytest.param('condinst_lite0_animals.py', 100, 0, id='CPU'),
])
def test_warm_up_and_augmentation(name, warm_up, colours):
    cfg = loaded(FOLDER / name)
    assert cfg.model.detector.mask_head.get('warm_up') == warm_up
    assert str(sources(FOLDER / name)[0].pipeline).count('StrongPhotometric') == colours


@pytest.mark.parametrize('name, size, teacher, students', [
    ('condinst_r50_coco.py', (120, 200), (800, 1333), (640, 800)),
    ('condinst_r50_cityscapes.py', (1024, 2048), (1024, 2048), (800, 1024)),
    ('condinst_lite0_animals.py', (100, 100), None, (153, 192)),
])
def test_views(name, size, teacher, students, tmp_path):
    height, width = size
    cv2.imwrite(str(tmp_path / '0.png'), np.full((*size, 3), 90, np.uint8))
    sample = dict(img_id=0, img_path=str(tmp_path / '0.png'), height=height, width=width,
                  box_labeled=True,
                  instances=[dict(bbox=[10, 20, 60, 90], bbox_label=0, ignore_flag=0)])
    packed = Compose(sources(FOLDER / name)[0].pipeline)(sample)['data_samples']
    weak, strong = packed['unsup_teacher'], packed['unsup_student']
    assert weak.box_labeled and strong.box_labeled and 'masks' not in strong.gt_instances
    assert teacher is None or weak.img_shape == teacher
    assert students[0] <= min(strong.img_shape) <= students[1]
    assert weak.flip == strong.flip
    for view in (weak, strong):
        x1, _, x2, _ = view.gt_instances.bboxes.tensor[0].tolist()
        assert x2 - x1 == pytest.approx(50 * view.img_shape[1] / width, rel=1e-3)


def test_mixed_sources_share_no_image():
    masks, boxes, unlabeled = sources(FOLDER / 'condinst_lite0_animals_mixed.py')
    assert boxes.images_from == unlabeled.ann_file == masks.ann_file.replace(
        '.json', '-unlabeled.json')
    assert not set(boxes.indices) & set(unlabeled.indices)
    assert len(boxes.indices) == len(unlabeled.indices) == 343


def test_another_length_leaves_the_boxes_in_burn_in():
    cfg = copy.deepcopy(loaded(FOLDER / 'condinst_lite0_animals_mixed.py'))
    cfg.schedule = dict(max_iters=60)
    apply_schedule(cfg)
    check_burn_in(cfg)
    assert (cfg.model.burn_in, cfg.train_dataloader.batch_sampler.burn_in) == (15, 0)
    cfg.model.type = 'SemiInstanceSegmentor'
    with pytest.raises(ValueError, match='model.burn_in = 15, but'):
        check_burn_in(cfg)


def test_file_names_follow_the_grammar():
    stems = [path.stem for path in FOLDER.rglob('*.py')]
    assert all(re.fullmatch(r'(condinst|boxinst|self-training)_[a-z0-9-]+_[a-z0-9]+(_\S+)?', stem)
               for stem in stems)
