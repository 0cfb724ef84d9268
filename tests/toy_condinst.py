"""A tiny CondInst, and samples for it: boxes of several sizes, discs as masks."""

from typing import Sequence

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from torch import Tensor, nn
from toy import CLASSES, PREPROCESSOR, SIZE
from toy_mask_rcnn import images_of, sample_of

from mmssis.ops import color_similarity

PLAIN = dict(type='CondInst', bbox_head='CondInstBboxHead', mask_head='CondInstMaskHead')
DICE = dict(type='DiceLoss', use_sigmoid=True, activate=True, eps=5e-6, loss_weight=1.0)


def toy_condinst(num_classes: int = len(CLASSES), type: str = 'WeightedCondInst',
                 bbox_head: str = 'WeightedCondInstBboxHead',
                 mask_head: str = 'WeightedCondInstMaskHead', mask_channels: int = 16,
                 num_params: int = 233, **mask_settings) -> ConfigDict:
    """Config of a CondInst that runs in milliseconds."""
    return ConfigDict(
        type=type,
        data_preprocessor=dict(PREPROCESSOR),
        backbone=dict(type='ResNet', depth=18, base_channels=8, stem_channels=8, num_stages=3,
                      strides=(1, 2, 2), dilations=(1, 1, 1), out_indices=(1, 2),
                      norm_cfg=dict(type='BN'), norm_eval=True),
        neck=dict(type='FPN', in_channels=[16, 32], out_channels=16, num_outs=3),
        bbox_head=dict(
            type=bbox_head, num_params=num_params, num_classes=num_classes, in_channels=16,
            stacked_convs=1, feat_channels=16, strides=[8, 16, 32],
            regress_ranges=((-1, 16), (16, 32), (32, 1e8)), norm_on_bbox=True,
            centerness_on_reg=True, center_sampling=True, conv_bias=True,
            norm_cfg=dict(type='GN', num_groups=4, requires_grad=True),
            loss_cls=dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25),
            loss_bbox=dict(type='GIoULoss'),
            loss_centerness=dict(type='CrossEntropyLoss', use_sigmoid=True)),
        mask_head=dict(
            dict(type=mask_head, num_layers=3, feat_channels=8, size_of_interest=8,
                 mask_out_stride=4, topk_masks_per_img=16, loss_mask=DICE,
                 mask_feature_head=dict(
                     in_channels=16, feat_channels=8, start_level=0, end_level=1,
                     out_channels=mask_channels, mask_stride=8, num_stacked_convs=1,
                     norm_cfg=dict(type='BN', requires_grad=True))), **mask_settings),
        test_cfg=dict(nms_pre=100, min_bbox_size=0, score_thr=0.05,
                      nms=dict(type='nms', iou_threshold=0.6), max_per_img=10, mask_thr=0.5))


def build_condinst(seed: int = 0, **settings) -> nn.Module:
    """A toy CondInst with random weights that finds something and has masks of both kinds."""
    torch.manual_seed(seed)
    model = MODELS.build(toy_condinst(**settings))
    head = model.bbox_head
    for layer in (head.conv_cls, head.conv_reg, head.conv_centerness, head.controller):
        nn.init.normal_(layer.weight, std=0.2)
    nn.init.constant_(head.conv_reg.bias, 1.0)
    nn.init.normal_(model.mask_head.mask_feature_head.conv_pred.weight)
    return model


def box_sample(labels: Sequence[int] = (0, 1), size: int = SIZE, masks: bool = False,
               **fields) -> DetDataSample:
    """A sample whose boxes are its labels, with pseudo masks if ``masks``."""
    sample = sample_of(labels, size, bitmap=False, **fields)
    if not masks:
        del sample.gt_instances.masks
    sample.set_metainfo(dict(box_labeled=True, color_similarity=similarity_of(size)))
    return sample


def similarity_of(size: int = SIZE, seed: int = 0) -> Tensor:
    """Colour similarity (8, h, w) of a dull image, both below and above the threshold."""
    image = 0.5 + 0.02 * images_of(1, size, seed)
    return color_similarity(image.clamp(0, 1))[0]
