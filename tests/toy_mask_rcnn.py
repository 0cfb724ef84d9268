"""A tiny Mask R-CNN and samples for it."""

from typing import Sequence

import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch import Tensor, nn
from toy import CLASSES, PREPROCESSOR, SIZE, bare_sample

BOXES = ((4, 8, 36, 40), (12, 20, 44, 52), (30, 2, 60, 30))


def toy_mask_rcnn(num_classes: int = len(CLASSES), type: str = 'WeightedMaskRCNN',
                  roi_head: str = 'WeightedRoIHead', mask_head: str = 'FCNMaskIoUHead',
                  class_agnostic: bool = False, shared_extractor: bool = False,
                  num_rois: int = 32) -> ConfigDict:
    """Config of a Mask R-CNN that runs in milliseconds."""
    coder = dict(type='DeltaXYWHBBoxCoder', target_means=[0.] * 4, target_stds=[.1, .1, .2, .2])
    matching = dict(pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0.5, ignore_iof_thr=-1)
    nms = dict(type='nms', iou_threshold=0.5)

    def extractor(size: int) -> dict:
        return dict(type='SingleRoIExtractor', out_channels=16, featmap_strides=[4, 8],
                    finest_scale=14, roi_layer=dict(type='RoIAlign', output_size=size))

    return ConfigDict(
        type=type,
        data_preprocessor=dict(PREPROCESSOR),
        backbone=dict(type='ResNet', depth=18, base_channels=8, stem_channels=8, num_stages=2,
                      strides=(1, 2), dilations=(1, 1), out_indices=(0, 1),
                      norm_cfg=dict(type='BN'), norm_eval=True),
        neck=dict(type='FPN', in_channels=[8, 16], out_channels=16, num_outs=3),
        rpn_head=dict(
            type='RPNHead', in_channels=16, feat_channels=16,
            anchor_generator=dict(type='AnchorGenerator', scales=[4], ratios=[1.0],
                                  strides=[4, 8, 16]),
            bbox_coder=dict(type='DeltaXYWHBBoxCoder'),
            loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True),
            loss_bbox=dict(type='L1Loss')),
        roi_head=dict(
            type=roi_head, bbox_roi_extractor=extractor(14 if shared_extractor else 7),
            bbox_head=dict(
                type='Shared2FCBBoxHead', in_channels=16, fc_out_channels=32,
                roi_feat_size=14 if shared_extractor else 7, num_classes=num_classes,
                bbox_coder=coder, loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False),
                loss_bbox=dict(type='L1Loss')),
            mask_roi_extractor=None if shared_extractor else extractor(14),
            mask_head=dict(
                type=mask_head, num_convs=1, in_channels=16, conv_out_channels=16,
                num_classes=num_classes, class_agnostic=class_agnostic,
                loss_mask=dict(type='CrossEntropyLoss', use_mask=True, loss_weight=1.0))),
        train_cfg=dict(
            rpn=dict(assigner=dict(type='MaxIoUAssigner', match_low_quality=True,
                                   **dict(matching, pos_iou_thr=0.7, neg_iou_thr=0.3)),
                     sampler=dict(type='RandomSampler', num=16, pos_fraction=0.5,
                                  add_gt_as_proposals=False),
                     allowed_border=-1, pos_weight=-1, debug=False),
            rpn_proposal=dict(nms_pre=100, max_per_img=50, nms=nms, min_bbox_size=0),
            rcnn=dict(assigner=dict(type='MaxIoUAssigner', match_low_quality=False, **matching),
                      sampler=dict(type='RandomSampler', num=num_rois, pos_fraction=0.25,
                                   add_gt_as_proposals=True),
                      mask_size=28, pos_weight=-1, debug=False)),
        test_cfg=dict(rpn=dict(nms_pre=100, max_per_img=20, nms=nms, min_bbox_size=0),
                      rcnn=dict(score_thr=0.05, nms=nms, max_per_img=10, mask_thr_binary=0.5)))


def build(**settings) -> nn.Module:
    """A toy Mask R-CNN with random weights that predicts more than background."""
    torch.manual_seed(0)
    model = MODELS.build(toy_mask_rcnn(**settings))
    for name in ('fc_cls', 'fc_reg'):
        nn.init.normal_(getattr(model.roi_head.bbox_head, name).weight, std=0.3)
    return model


def discs(num: int, size: int = SIZE) -> Tensor:
    """bool (N, size, size): an ellipse in each of the first boxes."""
    centres = torch.arange(size) + 0.5
    masks = torch.zeros(num, size, size, dtype=torch.bool)
    for mask, (x1, y1, x2, y2) in zip(masks, BOXES):
        x = (centres - (x1 + x2) / 2) / (x2 - x1) * 2
        y = (centres - (y1 + y2) / 2) / (y2 - y1) * 2
        mask |= x ** 2 + y[:, None] ** 2 <= 1
    return masks


def sample_of(labels: Sequence[int] = (0, 1), size: int = SIZE, bitmap: bool = True,
              **fields) -> DetDataSample:
    """A sample with one ellipse per label; further fields and weights by name."""
    masks = discs(len(labels), size)
    sample = bare_sample(size)
    sample.gt_instances = InstanceData(
        labels=torch.tensor(labels, dtype=torch.long),
        bboxes=torch.tensor(BOXES[:len(labels)], dtype=torch.float32).view(-1, 4),
        masks=BitmapMasks(masks.numpy().astype(np.uint8), size, size) if bitmap else masks)
    for name, value in fields.items():
        sample.gt_instances.set_field(value, name)
    return sample


def flat(losses: dict) -> dict:
    """The losses and only them, each as one number."""
    return {name: sum(value) if isinstance(value, list) else value.sum()
            for name, value in losses.items() if 'loss' in name}


def images_of(num: int = 2, size: int = SIZE, seed: int = 0) -> Tensor:
    """Normalised noise (num, 3, size, size)."""
    return torch.randn(num, 3, size, size, generator=torch.Generator().manual_seed(seed))
