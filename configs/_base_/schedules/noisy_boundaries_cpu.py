"""Noisy Boundaries on a CPU: 600 updates; optimizer and steps as `pais_cpu.py`."""
_base_ = '../default_runtime.py'

max_iters = 600

optim_wrapper = dict(
    type='OptimWrapper',
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
val_cfg = dict(type='ValLoop')
custom_hooks = [*_base_.run_hooks[:3], dict(type='CheckInvalidLossHook', interval=20)]
default_hooks = dict(
    logger=dict(interval=20), checkpoint=dict(interval=150, save_best='coco/segm_mAP'))
