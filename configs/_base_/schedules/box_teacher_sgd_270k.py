"""BoxTeacher, 3x: SGD, 270 000 iterations, steps at 210 000 and 250 000."""
_base_ = './box_teacher_sgd_90k.py'

max_iters = 270000

param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=max_iters, by_epoch=False, milestones=[210000, 250000],
        gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=1000),
]
train_cfg = dict(max_iters=max_iters)
