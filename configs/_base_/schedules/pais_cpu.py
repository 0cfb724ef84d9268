"""PAIS on a CPU: 600 updates, the first 150 of them on labels alone.

The paper has no burn-in; here it saves the time of views that yield no pseudo label yet. The
teacher's momentum of step n is min(0.99, n / (n + 1)).
"""
_base_ = '../default_runtime.py'

burn_in, max_iters = 150, 600

optim_wrapper = dict(
    type='OptimWrapper',
    constructor='StudentOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=5e-4, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1)), norm_decay_mult=0.0),
    clip_grad=dict(max_norm=1.0, norm_type=2))
param_scheduler = [
    dict(
        type='MultiStepLR', by_epoch=False, begin=0, end=max_iters,
        milestones=[int(0.85 * max_iters)], gamma=0.1),
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
]
train_cfg = dict(type='SemiTrainLoop', max_iters=max_iters, val_interval=150)
pais_ema = dict(type='TeacherEMAHook', momentum=0.99, warm_up=99, warm_up_offset=1)
custom_hooks = [*_base_.run_hooks, pais_ema]
default_hooks = dict(logger=dict(interval=20), checkpoint=dict(interval=150))
