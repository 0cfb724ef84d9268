"""BoxTeacher, CondInst R101, COCO train2017 with boxes alone, 3x, with strong augmentation.

    bash tools/dist_train.sh configs/box_teacher/condinst_r101_coco_3x.py 8

Published: 36.2 mask AP on val2017 (released code; 36.5 on test-dev, Table 1).
Hardware: unknown. Not run by us at this scale.
"""
_base_ = './condinst_r50_coco_3x.py'

model = dict(
    detector=dict(
        backbone=dict(depth=101, init_cfg=dict(checkpoint='torchvision://resnet101'))))
