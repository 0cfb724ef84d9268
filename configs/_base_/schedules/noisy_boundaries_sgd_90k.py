"""The student of Noisy Boundaries on COCO: SGD, 90 000 iterations, steps at 60 000 and 80 000.

The released learning rate, 0.02, is for 32 images; 8 GPUs with 2 labeled and 1 pseudo-labeled image
each make 24. A plain detector: one model, neither teacher nor burn-in.
"""
_base_ = '../default_runtime.py'

max_iters = 90000

optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=1e-4))
param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=max_iters, by_epoch=False, milestones=[60000, 80000],
        gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
]
train_cfg = dict(type='SemiTrainLoop', max_iters=max_iters, val_interval=10000)
val_cfg = dict(type='ValLoop')
custom_hooks = [*_base_.run_hooks[:3], dict(type='CheckInvalidLossHook')]
default_hooks = dict(checkpoint=dict(save_best='coco/segm_mAP'))
