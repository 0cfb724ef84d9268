"""The student of Noisy Boundaries on COCO: SGD, 90 000 iterations, steps at 60 000 and 80 000.

The released learning rate, 0.02, is for 32 images; 8 GPUs with 2 labeled and 1 pseudo-labeled image
each make 24. A plain detector: one model, neither teacher nor burn-in.
"""
_base_ = '../default_runtime.py'

optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=1e-4))
param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=90000, by_epoch=False, milestones=[60000, 80000],
        gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
]
train_cfg = dict(type='SemiTrainLoop', max_iters=90000, val_interval=10000)
val_cfg = dict(type='ValLoop')
default_hooks = dict(
    checkpoint=dict(save_best='coco/segm_mAP'),
    statistics=None,
    guard=None,
    burn_in=None,
    teacher=None,
    invalid_loss=dict(type='CheckInvalidLossHook'))
