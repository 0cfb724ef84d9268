"""BoxTeacher, 1x: SGD, 90 000 iterations, steps at 60 000 and 80 000; EMA from the start.

The teacher's momentum of step n is min(0.999, n / (n + 1)), as in the released code.
"""
_base_ = '../default_runtime.py'

optim_wrapper = dict(
    type='OptimWrapper',
    constructor='StudentOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4))
param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=90000, by_epoch=False, milestones=[60000, 80000],
        gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=1000),
]
train_cfg = dict(type='SemiTrainLoop', max_iters=90000, val_interval=10000)
default_hooks = dict(teacher=dict(momentum=0.999, warm_up=999, warm_up_offset=1))
