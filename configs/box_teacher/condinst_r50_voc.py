"""BoxTeacher, CondInst R50, PASCAL VOC 2012 with SBD, boxes alone.

    bash tools/dist_train.sh configs/box_teacher/condinst_r50_voc.py 8

Published: 38.6 mask AP on val (Table 2). The paper gives neither learning rate, steps, sizes nor
warm-up. Here the losses of masks warm up over 1 667 iterations, COCO's share of the run: 10 000
would be two thirds of it.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/box_teacher_condinst_r50.py',
    '../_base_/datasets/box_voc.py',
    '../_base_/schedules/box_teacher_sgd_15k.py',
]

model = dict(
    detector=dict(bbox_head=dict(num_classes=20), mask_head=dict(warm_up=1667)))
