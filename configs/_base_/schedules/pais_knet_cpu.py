"""PAIS with K-Net on a CPU: 1800 updates, the first 1200 of them on labels alone.

K-Net's head starts from nothing and learns slowly: with a burn-in of 900 its pseudo labels were
14 % right and training broke down (docs/results.md).
"""
_base_ = './pais_cpu.py'

burn_in, max_iters = 1200, 1800

param_scheduler = [
    dict(
        type='MultiStepLR', by_epoch=False, begin=0, end=max_iters,
        milestones=[int(0.85 * max_iters)], gamma=0.1),
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
]
train_cfg = dict(max_iters=max_iters, val_interval=300)
default_hooks = dict(checkpoint=dict(interval=300))
