"""Configs that learn from boxes: schedules, views, and who is evaluated."""

import copy

import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config, ConfigDict
from mmengine.dataset import Compose
from shipped import CONFIGS, loaded
from torch import nn
from toy_condinst import box_sample


def config(name: str, **kwargs) -> Config:
    return loaded(CONFIGS / f'box_teacher/condinst_{name}.py', **kwargs)


@pytest.mark.parametrize('name, milestones, length, images, lr, warm_up, colours', [
    ('swin-base_coco_3x', [210000, 250000], 270000, 2, 1e-4, None, 1),
    ('r50_voc', [10000, 13333], 15000, 2, 0.01, 1667, 0),
    ('r50_cityscapes', [18000], 24000, 1, 0.005, None, 0),
    ('lite0_animals', [510], 600, 8, 5e-4, 100, 0),
])
def test_schedule_and_augmentation(name, milestones, length, images, lr, warm_up, colours):
    """Steps, length, images of a GPU, learning rate (facts A2), warm-up of pseudo masks."""
    cfg = config(name)
    scheduler = cfg.param_scheduler[0]
    assert (scheduler.milestones, scheduler.end, cfg.train_cfg.max_iters) == (
        milestones, length, length)
    assert cfg.train_dataloader.batch_size == images
    assert cfg.auto_scale_lr.base_batch_size == images * (1 if 'lite0' in name else 8)
    assert (cfg.optim_wrapper.optimizer.lr, cfg.model.detector.mask_head.get('warm_up')) == (
        lr, warm_up)
    assert str(cfg.train_dataloader.dataset.boxes.pipeline).count('StrongPhotometric') == colours
    teacher = cfg.default_hooks.teacher
    assert teacher.momentum == pytest.approx(teacher.warm_up / (teacher.warm_up + 1))


def test_boxinst_is_the_supervised_baseline():
    cfg = config('r50_voc', supervised=True)
    assert cfg.train_dataloader.dataset.boxes.type == 'BoxLabeledCocoDataset'
    assert cfg.model.burn_in == cfg.train_cfg.max_iters == 15000
    assert cfg.model.type == 'BoxTeacher' and not cfg.model.pseudo_label_hooks
    assert cfg.model.predict_on == cfg.val_cfg.predict_on == 'student'


def narrow(detector: ConfigDict) -> ConfigDict:
    """A detector with an eighth of its channels, and a flat Swin."""
    small = copy.deepcopy(detector)
    small.backbone.update(
        dict(base_channels=8) if small.backbone.type == 'ResNet' else dict(
            embed_dims=16, depths=[1] * 4, num_heads=[1, 1, 2, 2]))
    small.neck.in_channels = [channels // 8 for channels in small.neck.in_channels]
    small.neck.out_channels = 32
    small.bbox_head.update(in_channels=32, feat_channels=32)
    small.mask_head.mask_feature_head.update(in_channels=32, feat_channels=16)
    return small


@pytest.mark.parametrize('name', ['r50_voc', 'swin-base_coco_3x'])
def test_every_parameter_learns(name):
    """Ranks that train together stop at one that does not."""
    model = MODELS.build(narrow(config(name).model.detector)).train()
    samples = [box_sample((0, 1), masks=True), box_sample((2, ))]
    losses = model.loss(torch.randn(2, 3, 64, 64), samples)
    sum(value.sum() for value in losses.values()).backward()
    assert not [name for name, parameter in model.named_parameters()
                if parameter.requires_grad and parameter.grad is None]


def test_batch_norm_of_the_backbone_is_frozen_and_that_of_the_masks_is_not():
    """Section 5. A ResNet-50 has 53 of them, with a scale and a shift each."""
    model = MODELS.build(narrow(config('r50_coco').model.detector))
    frozen, learned = (
        [parameter.requires_grad for module in part.modules() if isinstance(module, nn.BatchNorm2d)
         for parameter in module.parameters()] for part in (model.backbone, model.mask_head))
    assert len(frozen) == 106 and not any(frozen)
    assert learned and all(learned)


@pytest.mark.parametrize('name, size, teacher, students', [
    ('r50_voc', (120, 200), (800, 1333), (640, 800)),
    ('r50_cityscapes', (1024, 2048), (1024, 2048), (800, 1024)),
    ('lite0_animals', (100, 100), None, (153, 192)),
])
def test_views(name, size, teacher, students, tmp_path):
    height, width = size
    cv2.imwrite(str(tmp_path / '0.png'), np.full((*size, 3), 90, np.uint8))
    sample = dict(img_id=0, img_path=str(tmp_path / '0.png'), height=height, width=width,
                  box_labeled=True,
                  instances=[dict(bbox=[10, 20, 60, 90], bbox_label=0, ignore_flag=0)])
    packed = Compose(config(name).train_dataloader.dataset.boxes.pipeline)(sample)
    weak, strong = (packed['data_samples'][f'unsup_{who}'] for who in ('teacher', 'student'))
    assert weak.box_labeled and strong.box_labeled and 'masks' not in strong.gt_instances
    assert teacher is None or weak.img_shape == teacher
    assert students[0] <= min(strong.img_shape) <= students[1]
    assert weak.flip == strong.flip
    for view in (weak, strong):
        x1, _, x2, _ = view.gt_instances.bboxes.tensor[0].tolist()
        assert x2 - x1 == pytest.approx(50 * view.img_shape[1] / width, rel=1e-3)


def test_mixed_sources_share_no_image_and_boxes_come_from_the_start():
    cfg = config('lite0_animals_mixed', options={'schedule.max_iters': 60})
    sources = cfg.train_dataloader.dataset
    others = sources.labeled.ann_file.replace('.json', '-unlabeled.json')
    assert sources.boxes.images_from == sources.unlabeled.ann_file == others
    assert not set(sources.boxes.indices) & set(sources.unlabeled.indices)
    assert len(sources.boxes.indices) == len(sources.unlabeled.indices) == 343
    assert (cfg.model.burn_in, cfg.train_dataloader.batch_size) == (15, 8)
    assert cfg.model.pseudo_label_hooks.unlabeled_filter.only == 'unlabeled'
