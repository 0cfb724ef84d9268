"""K-Net R50 for instances: 100 kernels, three update heads, as published.

The backbone's ImageNet weights are loaded when training starts, not when the model is built.
"""
loss_mask = dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0)
loss_dice = dict(type='DiceLoss', loss_weight=4.0)
focal_loss = dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25)

model = dict(
    type='KNet',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_size_divisor=32,
        pad_mask=True,
        mask_pad_value=0),
    backbone=dict(
        type='ResNet',
        depth=50,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        frozen_stages=1,
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=True,
        style='pytorch',
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
    neck=dict(type='FPN', in_channels=[256, 512, 1024, 2048], out_channels=256, num_outs=4),
    kernel_head=dict(
        type='ConvKernelHead',
        num_classes=80,
        num_kernels=100,
        in_channels=256,
        channels=256,
        norm_cfg=dict(type='GN', num_groups=32),
        loss_mask=loss_mask,
        loss_dice=loss_dice,
        loss_seg=dict(loss_weight=1.0, **focal_loss)),
    num_stages=3,
    update_head=dict(
        type='KernelUpdateHead',
        num_classes=80,
        channels=256,
        num_heads=8,
        feedforward_channels=2048,
        loss_cls=dict(loss_weight=2.0, **focal_loss),
        loss_mask=loss_mask,
        loss_dice=loss_dice,
        # PAIS has a loss here: the mask-IoU branch.
        loss_iou=None),
    train_cfg=dict(
        assigner=dict(
            type='KernelMatcher',
            cls_cost=dict(type='FocalLossCost', weight=2.0),
            dice_cost=dict(type='DiceCost', weight=4.0, pred_act=True, naive_dice=False),
            mask_cost=dict(type='MaskCost', weight=1.0, pred_act=True))),
    test_cfg=dict(max_per_img=100, mask_thr=0.5))
