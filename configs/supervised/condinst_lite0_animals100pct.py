"""Supervised CondInst with the masks of all 700 images of `animals`: the headroom of BoxTeacher.

    python tools/train.py configs/supervised/condinst_lite0_animals100pct.py

No published AP. Run by us for half of its length: see docs/results.md.
"""
_base_ = [
    '../_base_/models/box_teacher_condinst_lite0.py',
    '../_base_/datasets/mixed_animals.py',
    '../_base_/schedules/box_teacher_cpu.py',
]

model = dict(burn_in=_base_.max_iters, pseudo_label_hooks=[], predict_on='student')
labeled_dataset = dict(_base_.labeled_dataset, ann_file='annotations/instances_train.json')
train_dataloader = dict(
    batch_sampler=dict(source_ratio=[1, 0], burn_in=_base_.max_iters),
    dataset=dict(datasets=[labeled_dataset]))
val_cfg = dict(predict_on='student')
default_hooks = dict(checkpoint=dict(save_best='student/coco/segm_mAP'))
