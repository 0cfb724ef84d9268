"""PAIS on Mask R-CNN, COCO: SGD, 180 000 iterations, steps at 120 000 and 160 000."""
_base_ = './pais_adamw_220k.py'

optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=None,
    clip_grad=None)
param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=180000, by_epoch=False, milestones=[120000, 160000],
        gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=1000),
]
train_cfg = dict(max_iters=180000)
