"""A CPU run: 900 updates with AdamW, the first 150 of them on labels alone; EMA rate 0.99."""
_base_ = '../default_runtime.py'

optim_wrapper = dict(
    type='OptimWrapper',
    constructor='StudentOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=5e-4, weight_decay=0.05),
    clip_grad=dict(max_norm=0.1, norm_type=2),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1)), norm_decay_mult=0.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=20),
    dict(type='MultiStepLR', by_epoch=False, begin=0, end=900, milestones=[765], gamma=0.1),
]
train_cfg = dict(type='SemiTrainLoop', max_iters=900, val_interval=150)
default_hooks = dict(
    logger=dict(interval=20),
    checkpoint=dict(interval=150),
    statistics=dict(interval=20),
    teacher=dict(momentum=0.99))
