"""A toy world: a tiny Mask2Former, a generated COCO set and a whole training config."""

import json
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import cv2
import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

CLASSES = ('square', 'disc', 'bar')
SIZE = 64
META_KEYS = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip',
             'flip_direction', 'homography_matrix')
PREPROCESSOR = dict(type='DetDataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3,
                    bgr_to_rgb=True, pad_size_divisor=32, pad_mask=True)


def toy_detector(num_classes: int = 3, num_queries: int = 6) -> ConfigDict:
    """Config of a Mask2Former that runs in milliseconds."""
    attention = dict(embed_dims=32, num_heads=2, dropout=0.0, batch_first=True)
    ffn = dict(embed_dims=32, feedforward_channels=32, num_fcs=2, ffn_drop=0.0,
               act_cfg=dict(type='ReLU', inplace=True))
    positions = dict(num_feats=16, normalize=True)
    return ConfigDict(
        type='Mask2Former',
        data_preprocessor=dict(PREPROCESSOR),
        backbone=dict(type='ResNet', depth=18, base_channels=8, stem_channels=8, num_stages=4,
                      out_indices=(0, 1, 2, 3), norm_cfg=dict(type='BN'), norm_eval=False),
        panoptic_head=dict(
            type='WeightedMask2FormerHead', in_channels=[8, 16, 32, 64], strides=[4, 8, 16, 32],
            feat_channels=32, out_channels=32, num_things_classes=num_classes,
            num_stuff_classes=0, num_queries=num_queries, num_transformer_feat_level=3,
            pixel_decoder=dict(
                type='MSDeformAttnPixelDecoder', num_outs=3,
                norm_cfg=dict(type='GN', num_groups=8), act_cfg=dict(type='ReLU'),
                encoder=dict(num_layers=1, layer_cfg=dict(
                    self_attn_cfg=dict(num_levels=3, num_points=2, **attention), ffn_cfg=ffn)),
                positional_encoding=positions),
            enforce_decoder_input_project=False, positional_encoding=positions,
            transformer_decoder=dict(
                return_intermediate=True, num_layers=2,
                layer_cfg=dict(self_attn_cfg=attention, cross_attn_cfg=attention, ffn_cfg=ffn),
                init_cfg=None),
            loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=2.0,
                          reduction='mean', class_weight=[1.0] * num_classes + [0.1]),
            loss_mask=dict(type='CrossEntropyLoss', use_sigmoid=True, reduction='mean',
                           loss_weight=5.0),
            loss_dice=dict(type='DiceLoss', use_sigmoid=True, activate=True, reduction='mean',
                           naive_dice=True, eps=1.0, loss_weight=5.0)),
        panoptic_fusion_head=dict(
            type='MaskFormerFusionHead', num_things_classes=num_classes, num_stuff_classes=0,
            loss_panoptic=None, init_cfg=None),
        train_cfg=dict(
            num_points=64, oversample_ratio=3.0, importance_sample_ratio=0.75,
            assigner=dict(type='HungarianAssigner', match_costs=[
                dict(type='ClassificationCost', weight=2.0),
                dict(type='CrossEntropyLossCost', weight=5.0, use_sigmoid=True),
                dict(type='DiceCost', weight=5.0, pred_act=True, eps=1.0)]),
            sampler=dict(type='MaskPseudoSampler')),
        test_cfg=dict(panoptic_on=False, semantic_on=False, instance_on=True,
                      max_per_image=num_queries, iou_thr=0.8, filter_low_score=True))


def toy_model(hooks: Optional[Dict[str, dict]] = None, type: str = 'PLDC',
              **settings) -> ConfigDict:
    """Config of a semi-supervised detector around the tiny Mask2Former."""
    detector = toy_detector()
    if hooks is None:
        hooks = dict(
            ddtf=dict(type='DualThresholdFilter', class_thr=0.0, mask_thr=0.0, min_area=0),
            pmua=dict(type='MaskUncertainty'))
    return ConfigDict(
        type=type, detector=detector, candidates=dict(type='Mask2FormerCandidates'),
        pseudo_label_hooks=dict(hooks),
        data_preprocessor=dict(type='SemiDataPreprocessor',
                               data_preprocessor=detector.data_preprocessor), **settings)


def bare_sample(size: int = SIZE, ori: Optional[int] = None,
                matrix: Optional[np.ndarray] = None) -> DetDataSample:
    """A sample of a preprocessed image without any label."""
    shape, ori = (size, size), ori or size
    return DetDataSample(metainfo=dict(
        img_shape=shape, batch_input_shape=shape, pad_shape=shape, ori_shape=(ori, ori),
        scale_factor=(1.0, 1.0), img_path='toy.png', img_id=1,
        homography_matrix=np.eye(3) if matrix is None else matrix))


def labeled_sample(size: int = SIZE, labels: Sequence[int] = (0, 1)) -> DetDataSample:
    """A sample with one square mask per label."""
    masks = np.zeros((len(labels), size, size), np.uint8)
    for i in range(len(labels)):
        masks[i, 8 + 4 * i:40 + 4 * i, 4 + 8 * i:36 + 8 * i] = 1
    sample = bare_sample(size)
    sample.gt_instances = InstanceData(
        labels=torch.tensor(labels, dtype=torch.long), bboxes=torch.zeros(len(labels), 4),
        masks=BitmapMasks(masks, size, size))
    return sample


def semi_batch(num: int = 2, size: int = SIZE, burn_in: bool = False) -> dict:
    """Inputs and samples of every branch, already preprocessed, for ``model.loss(**batch)``."""
    branches = ['sup', 'sup_strong'] + ([] if burn_in else ['unsup_teacher', 'unsup_student'])
    return dict(
        multi_batch_inputs={name: torch.randn(num, 3, size, size) for name in branches},
        multi_batch_data_samples={
            name: [labeled_sample(size, (0, 1) if name.startswith('sup') else ())
                   for _ in range(num)] for name in branches})


def write_coco(root: Path, name: str, num: int, seed: int = 0, size: int = SIZE,
               classes: Sequence[str] = CLASSES) -> Path:
    """Write ``annotations/{name}.json``, which is returned, and the images of ``{name}/``."""
    rng = np.random.default_rng(seed)
    (root / name).mkdir(parents=True, exist_ok=True)
    (root / 'annotations').mkdir(exist_ok=True)
    images: List[dict] = []
    annotations: List[dict] = []
    for image_id in range(1, num + 1):
        image = rng.integers(0, 60, (size, size, 3), dtype=np.uint8)
        for _ in range(2):
            label = int(rng.integers(len(classes)))
            w, h = (int(v) for v in rng.integers(12, 28, 2))
            x, y = int(rng.integers(0, size - w)), int(rng.integers(0, size - h))
            image[y:y + h, x:x + w] = (80 * label + 60, 200 - 60 * label, 120)
            annotations.append(dict(
                id=len(annotations) + 1, image_id=image_id, category_id=label + 1, iscrowd=0,
                bbox=[x, y, w, h], area=w * h,
                segmentation=[[x, y, x + w, y, x + w, y + h, x, y + h]]))
        file_name = f'{name}_{image_id:03d}.png'
        cv2.imwrite(str(root / name / file_name), image)
        images.append(dict(id=image_id, file_name=file_name, width=size, height=size))
    path = root / 'annotations' / f'{name}.json'
    path.write_text(json.dumps(dict(
        images=images, annotations=annotations,
        categories=[dict(id=i + 1, name=c) for i, c in enumerate(classes)])))
    return path


def toy_config(root: Path, max_iters: int = 4, burn_in: int = 2, num_labeled: int = 4,
               num_unlabeled: int = 4, val: bool = False, write: bool = True,
               **model_settings) -> dict:
    """A whole training config over generated data below ``root``, for ``Runner.from_cfg``."""
    if write:
        write_coco(root, 'labeled', num_labeled, seed=1)
        write_coco(root, 'unlabeled', num_unlabeled, seed=2)
    fields = ['sup', 'sup_strong', 'unsup_teacher', 'unsup_student']
    pack = dict(type='PackDetInputs', meta_keys=META_KEYS)
    strong = [dict(type='StrongPhotometric'), dict(type='RandomNoiseErasing'), pack]
    geometry = [dict(type='Resize', scale=(SIZE, SIZE), keep_ratio=True),
                dict(type='RandomFlip', prob=0.5)]
    common = dict(metainfo=dict(classes=CLASSES), data_root=str(root))
    sources = dict(
        labeled=dict(
            type='CocoDataset', ann_file='annotations/labeled.json',
            data_prefix=dict(img='labeled/'), **common, pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadAnnotations', with_bbox=True, with_mask=True), *geometry,
                dict(type='MultiBranch', branch_field=fields, sup=[pack], sup_strong=strong)]),
        unlabeled=dict(
            type='UnlabeledCocoDataset', ann_file='annotations/unlabeled.json',
            data_prefix=dict(img='unlabeled/'), **common, pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadEmptyAnnotations', with_bbox=True, with_mask=True), *geometry,
                dict(type='MultiBranch', branch_field=fields, unsup_teacher=[pack],
                     unsup_student=strong)]))
    config = dict(
        default_scope='mmdet', work_dir=str(root / 'work_dir'), randomness=dict(seed=0),
        log_processor=dict(by_epoch=False), log_level='WARNING',
        model=toy_model(burn_in=burn_in, **model_settings),
        train_dataloader=dict(
            batch_size=4, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
            batch_sampler=dict(type='SemiBatchSampler', labeled=2, unlabeled=2),
            dataset=dict(type='SemiDataset', **sources)),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=1e-3),
                           clip_grad=dict(max_norm=0.1, norm_type=2)),
        train_cfg=dict(type='SemiTrainLoop', max_iters=max_iters, val_interval=max_iters),
        default_hooks=dict(
            checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=max_iters),
            seed=dict(type='IterationSeedHook'),
            teacher=dict(type='TeacherEMAHook', momentum=0.9)))
    if val:
        write_coco(root, 'val', 2, seed=3)
        config.update(
            val_cfg=dict(type='SemiValLoop'),
            val_evaluator=dict(type='CocoMetric', metric='segm',
                               ann_file=str(root / 'annotations/val.json')),
            val_dataloader=dict(
                batch_size=1, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
                dataset=dict(
                    type='CocoDataset', ann_file='annotations/val.json', test_mode=True,
                    data_prefix=dict(img='val/'), **common, pipeline=[
                        dict(type='LoadImageFromFile'),
                        dict(type='Resize', scale=(SIZE, SIZE), keep_ratio=True),
                        dict(type='PackDetInputs', meta_keys=META_KEYS[:5])])))
    return config


def half_autocast() -> torch.autocast:
    """Float16 on the CPU; skips where torch has bfloat16 there alone (before 2.3)."""
    before = torch.get_autocast_cpu_dtype()
    try:
        torch.set_autocast_cpu_dtype(torch.float16)
    except RuntimeError as error:
        pytest.skip(str(error))
    torch.set_autocast_cpu_dtype(before)
    return torch.autocast('cpu', dtype=torch.float16)
