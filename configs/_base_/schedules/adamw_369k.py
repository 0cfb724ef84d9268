"""COCO schedule: 368 750 iterations, one LR step (x 0.1) at 340 386, as the released code runs it.

The released files list two milestones; their scheduler reads the last one as the total length, so
only one step is left, at 327 778 / 355 092 of all iterations. The paper names no LR step.
"""
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='StudentOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=1e-4, eps=1e-8, betas=(0.9, 0.999)),
    paramwise_cfg=dict(norm_decay_mult=0.0),
    clip_grad=dict(max_norm=0.01, norm_type=2))
param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=368750, by_epoch=False, milestones=[340386], gamma=0.1)
]
train_cfg = dict(type='SemiTrainLoop', max_iters=368750, val_interval=5000)
