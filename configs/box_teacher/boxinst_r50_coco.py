"""BoxInst, CondInst R50, COCO train2017 with boxes alone, 1x: the baseline of BoxTeacher.

    bash tools/dist_train.sh configs/box_teacher/boxinst_r50_coco.py 8

Published: 30.7 mask AP on val2017 (Table 4 of BoxTeacher). Burn-in to the end: the teacher never
runs, the student is what is evaluated.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = './condinst_r50_coco.py'

model = dict(burn_in=_base_.max_iters, pseudo_label_hooks=[], predict_on='student')
train_dataloader = dict(batch_sampler=dict(burn_in=_base_.max_iters))
val_cfg = dict(predict_on='student')
default_hooks = dict(checkpoint=dict(save_best='student/coco/segm_mAP'))
