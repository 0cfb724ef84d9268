"""A CPU run of 600 updates with AdamW; EMA from the start, without burn-in.

The teacher's momentum of step n is min(0.99, n / (n + 1)).
"""
_base_ = '../default_runtime.py'

optim_wrapper = dict(
    type='OptimWrapper',
    constructor='StudentOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=5e-4, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1)), norm_decay_mult=0.0),
    clip_grad=dict(max_norm=1.0, norm_type=2))
param_scheduler = [
    dict(type='MultiStepLR', by_epoch=False, begin=0, end=600, milestones=[510], gamma=0.1),
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
]
train_cfg = dict(type='SemiTrainLoop', max_iters=600, val_interval=150)
default_hooks = dict(
    logger=dict(interval=20),
    checkpoint=dict(interval=150),
    statistics=dict(interval=20),
    teacher=dict(momentum=0.99, warm_up=99, warm_up_offset=1))
