"""BoxTeacher, CondInst R50, Cityscapes train (fine) with boxes alone.

    bash tools/dist_train.sh configs/box_teacher/condinst_r50_cityscapes.py 8

Published: 21.7 mask AP on val (Table 3; 26.8 from weights of COCO: set load_from to a run of
condinst_r50_coco.py). Losses of pseudo masks warm up over 10 000 of 24 000 iterations, the default
of the released code, whose Cityscapes part does not run; the paper does not say.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/box_teacher_condinst_r50.py',
    '../_base_/datasets/box_cityscapes_instance.py',
    '../_base_/schedules/box_teacher_sgd_24k.py',
]

model = dict(detector=dict(bbox_head=dict(num_classes=8)))
