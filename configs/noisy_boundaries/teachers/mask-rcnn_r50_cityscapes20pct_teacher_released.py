"""Teacher of Noisy Boundaries, Cityscapes 20 %, as released: 4 760 iterations.

    bash tools/dist_train.sh \
        configs/noisy_boundaries/teachers/mask-rcnn_r50_cityscapes20pct_teacher_released.py 4

Published: 22.3 mask AP on val (Table 1, supervised).
595 images, eight times per epoch, 8 in a batch: 8 epochs. Not run by us at this scale.
"""
_base_ = './mask-rcnn_r50_cityscapes20pct_teacher.py'

max_iters = 4760

param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=max_iters, by_epoch=False, milestones=[4165],
        gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
]
train_cfg = dict(max_iters=max_iters, val_interval=500)
