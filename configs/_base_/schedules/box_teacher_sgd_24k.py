"""BoxTeacher on Cityscapes: SGD, 24 000 iterations, learning rate 0.005 (paper, section 5.3).

The paper gives no steps; these are CondInst's share of the run.
"""
_base_ = './box_teacher_sgd_90k.py'

max_iters = 24000

optim_wrapper = dict(optimizer=dict(lr=0.005))
param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=max_iters, by_epoch=False, milestones=[18000],
        gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=1000),
]
train_cfg = dict(max_iters=max_iters, val_interval=2000)
default_hooks = dict(checkpoint=dict(interval=2000))
