"""BoxTeacher, CondInst R50, COCO train2017 with boxes alone, 3x, with strong augmentation.

    bash tools/dist_train.sh configs/box_teacher/condinst_r50_coco_3x.py 8

Published: 34.9 mask AP on val2017 (released code; 35.0 on test-dev, Table 1).
Hardware: unknown. Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/box_teacher_condinst_r50.py',
    '../_base_/datasets/box_coco_instance.py',
    '../_base_/schedules/box_teacher_sgd_270k.py',
]

box_dataset = dict(_base_.box_dataset, pipeline=_base_.strongv2_pipeline)
train_dataloader = dict(dataset=dict(datasets=[box_dataset]))
