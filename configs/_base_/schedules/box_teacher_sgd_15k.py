"""BoxTeacher on PASCAL VOC: SGD, 15 000 iterations (paper, section 5.2).

The paper gives neither learning rate nor steps; these are those of COCO's 1x and their shares.
"""
_base_ = './box_teacher_sgd_90k.py'

max_iters = 15000

param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=max_iters, by_epoch=False, milestones=[10000, 13333],
        gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=1000),
]
train_cfg = dict(max_iters=max_iters, val_interval=1500)
default_hooks = dict(checkpoint=dict(interval=1500))
