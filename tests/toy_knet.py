"""A tiny K-Net, and samples for it."""

import torch
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from toy import labeled_sample, toy_detector

from mmssis.models.knet.kernel_head import KernelHeadOutput
from mmssis.models.knet.kernels import Kernels

CHANNELS = 32
FOCAL = dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25)
BCE = dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0)
DICE = dict(type='DiceLoss', loss_weight=4.0)


def knet_config(num_classes=3, num_kernels=6, num_stages=3, with_iou=True):
    """Config of a K-Net that runs in milliseconds."""
    plain = toy_detector()
    return ConfigDict(
        type='KNet', data_preprocessor=plain.data_preprocessor,
        backbone=dict(plain.backbone, norm_eval=True),
        neck=dict(type='FPN', in_channels=[8, 16, 32, 64], out_channels=CHANNELS, num_outs=4),
        kernel_head=dict(
            type='ConvKernelHead', num_classes=num_classes, num_kernels=num_kernels,
            in_channels=CHANNELS, channels=CHANNELS, norm_cfg=dict(type='GN', num_groups=8),
            loss_mask=BCE, loss_dice=DICE, loss_seg=dict(FOCAL, loss_weight=1.0)),
        num_stages=num_stages,
        update_head=dict(
            type='KernelUpdateHead', num_classes=num_classes, channels=CHANNELS, num_heads=2,
            feedforward_channels=64, loss_cls=dict(FOCAL, loss_weight=2.0), loss_mask=BCE,
            loss_dice=DICE, loss_iou=BCE if with_iou else None),
        train_cfg=dict(assigner=dict(
            type='KernelMatcher', cls_cost=dict(type='FocalLossCost', weight=2.0),
            dice_cost=dict(type='DiceCost', weight=4.0, pred_act=True, naive_dice=False),
            mask_cost=dict(type='MaskCost', weight=1.0))),
        test_cfg=dict(max_per_img=10, mask_thr=0.5))


def build_knet(seed=0, **settings):
    """A tiny K-Net with K-Net's initialisation."""
    torch.manual_seed(seed)
    model = MODELS.build(knet_config(**settings))
    model.init_weights()
    return model


def random_stages(model, images=2, size=4, seed=1, scale=2.0):
    """Random output of all stages at stride 8, the class prior near one half."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        values = scale * torch.randn(*shape, generator=generator)
        return values.requires_grad_()

    kernels, classes = model.kernel_head.num_kernels, model.kernel_head.num_classes
    first = Kernels(draw(images, kernels, CHANNELS), draw(images, kernels, size, size))
    maps = draw(images, CHANNELS, size, size), draw(images, CHANNELS, size, size)
    with_iou = model.update_heads[0].loss_iou is not None
    stages = [
        Kernels(draw(images, kernels, CHANNELS), draw(images, kernels, size, size),
                draw(images, kernels, classes), draw(images, kernels) if with_iou else None)
        for _ in model.update_heads
    ]
    return KernelHeadOutput(first, *maps), stages


def losses_of(model, outputs, samples, size=32, pseudo_labeled=False, **settings):
    """Losses of outputs that :func:`random_stages` drew."""
    return model._loss_of_stages(*outputs, samples, (size, size), pseudo_labeled, **settings)


def weighted(sample, background_weight=None, **weights):
    """The sample's instances as pseudo labels, with bool tensors and weights."""
    gt = sample.gt_instances
    sample.gt_instances = InstanceData(
        labels=gt.labels, masks=gt.masks.to_tensor(torch.bool, 'cpu'), **weights)
    if background_weight is not None:
        sample.gt_instances.set_metainfo(dict(background_weight=background_weight))
    return sample


def small_sample(labels, size=32, seed=3):
    """A sample of random rectangles; they overlap."""
    generator = torch.Generator().manual_seed(seed)
    sample = labeled_sample(size, labels)
    masks = torch.zeros(len(labels), size, size, dtype=torch.uint8)
    for mask in masks:
        x, y = (int(v) for v in torch.randint(0, size // 2, (2, ), generator=generator))
        w, h = (int(v) for v in torch.randint(6, size // 2, (2, ), generator=generator))
        mask[y:y + h, x:x + w] = 1
    sample.gt_instances.masks.masks = masks.numpy()
    return sample
