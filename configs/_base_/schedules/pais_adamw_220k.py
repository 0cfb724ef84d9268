"""PAIS on K-Net, COCO: AdamW, 220 000 iterations, steps at 160 000 and 200 000; EMA from the start.

The teacher's momentum of step n is min(0.999, n / (n + 1)), as in the released code.
"""
_base_ = '../default_runtime.py'

optim_wrapper = dict(
    type='OptimWrapper',
    constructor='StudentOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.25))),
    clip_grad=dict(max_norm=1.0, norm_type=2))
param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=220000, by_epoch=False, milestones=[160000, 200000],
        gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=1000),
]
train_cfg = dict(type='SemiTrainLoop', max_iters=220000, val_interval=10000)
default_hooks = dict(teacher=dict(momentum=0.999, warm_up=999, warm_up_offset=1))
