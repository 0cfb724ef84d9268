"""BoxTeacher on `animals` without the teacher, which is BoxInst.

    python tools/train.py configs/box_teacher/ablations/condinst_lite0_animals_boxinst.py

No published AP. Run by us for half of its length: see docs/results.md.
"""
_base_ = '../condinst_lite0_animals.py'

model = dict(burn_in=_base_.max_iters, pseudo_label_hooks=[], predict_on='student')
train_dataloader = dict(batch_sampler=dict(burn_in=_base_.max_iters))
val_cfg = dict(predict_on='student')
default_hooks = dict(checkpoint=dict(save_best='student/coco/segm_mAP'))
