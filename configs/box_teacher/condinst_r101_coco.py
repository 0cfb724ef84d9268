"""BoxTeacher, CondInst R101, COCO train2017 with boxes alone, 1x, without strong augmentation.

    bash tools/dist_train.sh configs/box_teacher/condinst_r101_coco.py 8

No published AP: neither paper nor released code has R101 at 1x.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = './condinst_r50_coco.py'

model = dict(
    detector=dict(
        backbone=dict(depth=101, init_cfg=dict(checkpoint='torchvision://resnet101'))))
