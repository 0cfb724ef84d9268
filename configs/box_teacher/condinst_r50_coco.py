"""BoxTeacher, CondInst R50, COCO train2017 with boxes alone, 1x, without strong augmentation.

    bash tools/dist_train.sh configs/box_teacher/condinst_r50_coco.py 8

Published: 32.6 mask AP on val2017 (Table 8; 32.9 on test-dev, Table 1).
Preset: paper for thresholds, views and augmentation, released code for the weights of masks and
the form of the affinity loss; the teacher's batch norm statistics follow by EMA.
BoxInst: `--supervised` (30.7, Table 4).
Hardware: 20 hours on eight RTX 3090 (released code). Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/box_teacher_condinst_r50.py',
    '../_base_/datasets/coco.py',
    '../_base_/views/boxes.py',
    '../_base_/schedules/box_teacher_sgd_90k.py',
]

data_set = dict(boxes='annotations/instances_train2017.json')
