"""Supervised K-Net R50 on COCO train2017, multi-scale 3x: 36 epochs, shorter edge 640 to 800.

    bash tools/dist_train.sh configs/supervised/knet_r50_coco_3x.py 8

Published: 37.8 mask AP on val2017 (K-Net's README). Not run by us.
"""
_base_ = './knet_r50_coco.py'

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
    dict(type='RandomResize', scale=[(1333, 640), (1333, 800)], keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs')
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

train_cfg = dict(max_epochs=36)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=1000),
    dict(type='MultiStepLR', begin=0, end=36, by_epoch=True, milestones=[27, 33], gamma=0.1)
]
