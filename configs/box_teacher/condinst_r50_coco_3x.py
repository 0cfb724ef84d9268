"""BoxTeacher, CondInst R50, COCO train2017 with boxes alone, 3x, with strong augmentation.

    bash tools/dist_train.sh configs/box_teacher/condinst_r50_coco_3x.py 8

Published: 34.9 mask AP on val2017 (released code; 35.0 on test-dev, Table 1).
The student's picture is coloured as released (`strongv2`).
Hardware: unknown. Not run by us at this scale.
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
views = dict(
    type='MultiBranch',
    branch_field=_base_.branch_field,
    unsup_teacher=_base_.teacher_view,
    unsup_student=[_base_.student_resize, colour, _base_.pack])
train_dataloader = dict(dataset=dict(boxes=dict(pipeline=[*_base_.load, views])))
param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=270000, by_epoch=False, milestones=[210000, 250000],
        gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=1000),
]
train_cfg = dict(max_iters=270000)
