"""Teacher of Noisy Boundaries, Mask R-CNN R50, all labels of Cityscapes.

    bash tools/dist_train.sh \
        configs/noisy_boundaries/teachers/mask-rcnn_r50_cityscapes_extra20k_teacher.py 4

Published: 33.8 mask AP on val (Table 2, supervised).
24 000 iterations of 8 images, as in mmdet's configs. Not run by us at this scale.
"""
_base_ = './mask-rcnn_r50_cityscapes5pct_teacher.py'

max_iters = 24000

train_dataloader = dict(
    dataset=dict(ann_file='annotations/instancesonly_filtered_gtFine_train.json'))
param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=max_iters, by_epoch=False, milestones=[21000],
        gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
]
train_cfg = dict(max_iters=max_iters, val_interval=2000)
