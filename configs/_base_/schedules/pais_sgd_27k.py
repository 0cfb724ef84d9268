"""PAIS on Mask R-CNN, Cityscapes: SGD, 27 000 iterations, one step at 23 850 (released `_v1`)."""
_base_ = './pais_sgd_180k.py'

max_iters = 27000

param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=max_iters, by_epoch=False, milestones=[23850],
        gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
]
train_cfg = dict(max_iters=max_iters, val_interval=1000)
