"""Teacher of Noisy Boundaries, COCO 10 %, as released: 12 epochs at one size.

    bash tools/dist_train.sh \
        configs/noisy_boundaries/teachers/mask-rcnn_r50_coco10pct_teacher_released.py 8

Published: 22.0 mask AP on val2017 (Table 4, supervised).
11 829 images, 16 in a batch: 12 epochs are 8872 iterations. Not run by us at this scale.
"""
_base_ = './mask-rcnn_r50_coco10pct_teacher.py'

max_iters = 8872

resize = dict(type='Resize', scale=(1333, 800), keep_ratio=True)
pipeline = [*_base_.load, resize, *_base_.plain_pipeline[3:]]
train_dataloader = dict(dataset=dict(pipeline=pipeline))
param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=max_iters, by_epoch=False, milestones=[5914, 8132],
        gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
]
train_cfg = dict(max_iters=max_iters, val_interval=1000)
