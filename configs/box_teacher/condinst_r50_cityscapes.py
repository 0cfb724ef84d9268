"""BoxTeacher, CondInst R50, Cityscapes train (fine) with boxes alone.

    bash tools/dist_train.sh configs/box_teacher/condinst_r50_cityscapes.py 8

Published: 21.7 mask AP on val (Table 3; 26.8 from weights of COCO: set load_from to a run of
condinst_r50_coco.py; the teacher of that checkpoint is kept and averaged further). Student: short
side 800 to 1024; teacher: the original 1024 x 2048; 24 000 iterations, learning rate 0.005 (section
5.3). The paper gives no steps: this one is CondInst's share of the run. Neither paper nor released
code says how the student's view is coloured; it is clean, as COCO's of 1x. Losses of pseudo masks
warm up over 10 000 iterations, the default of the released code, whose Cityscapes part does not
run; the paper does not say.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/box_teacher_condinst_r50.py',
    '../_base_/datasets/cityscapes.py',
    '../_base_/views/boxes.py',
    '../_base_/schedules/box_teacher_sgd_90k.py',
]

data_set = dict(boxes='annotations/instancesonly_filtered_gtFine_train.json')
resize = dict(_base_.student_resize, scales=[(2 * side, side) for side in range(800, 1025, 32)])
views = dict(
    type='MultiBranch',
    branch_field=_base_.branch_field,
    unsup_teacher=[dict(type='Resize', scale=(2048, 1024), keep_ratio=True), _base_.pack],
    unsup_student=[resize, _base_.pack])
# 1 image per GPU on 8 GPUs.
train_dataloader = dict(
    batch_sampler=dict(boxes=1), dataset=dict(boxes=dict(pipeline=[*_base_.load, views])))
auto_scale_lr = dict(base_batch_size=8)

optim_wrapper = dict(optimizer=dict(lr=0.005))
param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=24000, by_epoch=False, milestones=[18000], gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=1000),
]
train_cfg = dict(max_iters=24000, val_interval=2000)
default_hooks = dict(checkpoint=dict(interval=2000))
