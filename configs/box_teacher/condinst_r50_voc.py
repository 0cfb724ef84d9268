"""BoxTeacher, CondInst R50, PASCAL VOC 2012 with SBD, boxes alone.

    bash tools/dist_train.sh configs/box_teacher/condinst_r50_voc.py 8

Published: 38.6 mask AP on val (Table 2). The paper gives neither learning rate, steps, sizes,
colours nor warm-up: steps are COCO's shares of the run, the rest is COCO's of 1x, without strong
augmentation, which costs AP there (Table 8). The losses of masks warm up over 1 667 iterations,
COCO's share of the run: 10 000 would be two thirds of it.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/box_teacher_condinst_r50.py',
    '../_base_/datasets/voc.py',
    '../_base_/views/boxes.py',
    '../_base_/schedules/box_teacher_sgd_90k.py',
]

model = dict(detector=dict(mask_head=dict(warm_up=1667)))
schedule = dict(max_iters=15000, val_interval=1500)
