"""Supervised K-Net R50 on COCO train2017, 1x: 12 epochs, batch 16.

    bash tools/dist_train.sh configs/supervised/knet_r50_coco.py 8

Published: 34.0 mask AP on val2017 (K-Net's README). Not run by us.
"""
_base_ = [
    '../_base_/models/knet_r50.py', 'mmdet::_base_/datasets/coco_instance.py',
    'mmdet::_base_/schedules/schedule_1x.py', 'mmdet::_base_/default_runtime.py'
]

custom_imports = dict(imports=['mmssis'], allow_failed_imports=False)

optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.25)}),
    clip_grad=dict(max_norm=1.0, norm_type=2))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=1000),
    dict(type='MultiStepLR', begin=0, end=12, by_epoch=True, milestones=[8, 11], gamma=0.1)
]
# K-Net predicts masks; their boxes are a by-product.
val_evaluator = dict(metric='segm')
test_evaluator = val_evaluator
