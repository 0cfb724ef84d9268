"""Supervised CondInst R50 on COCO train2017 with masks, 3x, with strong augmentation.

    bash tools/dist_train.sh configs/supervised/condinst_r50_coco_3x.py 8

Published: 37.6 mask AP on val2017 (BoxTeacher, Table 8). The picture is coloured as that of
BoxTeacher's student. Not run by us.
"""
_base_ = './condinst_r50_coco.py'

colour = dict(
    type='StrongPhotometric',
    brightness=0.4,
    contrast=0.4,
    saturation=0.4,
    hue=0.1,
    jitter_prob=0.8,
    gray_prob=0.2,
    blur_prob=0.5)
train_dataloader = dict(
    dataset=dict(pipeline=[*_base_.train_pipeline[:-1], colour, _base_.train_pipeline[-1]]))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=1000),
    dict(
        type='MultiStepLR', begin=0, end=270000, by_epoch=False, milestones=[210000, 250000],
        gamma=0.1),
]
train_cfg = dict(max_iters=270000)
