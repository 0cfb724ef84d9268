"""COCO train2017 with boxes alone, as BoxTeacher sees it; the masks in the file are not read.

Student: short side 640 to 800. Teacher: short side 800, resized from the original image, where the
released code enlarges the student's (paper, section 5). Long sides at most 1333.
"""
_base_ = ['./semi_coco_instance.py', './box_views.py']

teacher_view = [dict(type='Resize', scale=(1333, 800), keep_ratio=True), _base_.box_pack]
student_resize = dict(
    type='RandomChoiceResize',
    scales=[(1333, side) for side in range(640, 801, 32)],
    resize_type='Resize',
    keep_ratio=True)
box_pipeline = [
    *_base_.box_load,
    dict(
        type='MultiBranch',
        branch_field=_base_.box_branches,
        unsup_teacher=teacher_view,
        unsup_student=[student_resize, _base_.box_pack]),
]
strongv2_pipeline = [
    *_base_.box_load,
    dict(
        type='MultiBranch',
        branch_field=_base_.box_branches,
        unsup_teacher=teacher_view,
        unsup_student=[student_resize, _base_.box_strongv2, _base_.box_pack]),
]

box_dataset = dict(
    type='BoxLabeledCocoDataset',
    data_root=_base_.data_root,
    ann_file='annotations/instances_train2017.json',
    data_prefix=dict(img='train2017/'),
    filter_cfg=dict(filter_empty_gt=True),
    pipeline=box_pipeline)
# 2 images per GPU on 8 GPUs.
train_dataloader = dict(
    batch_size=2,
    batch_sampler=dict(source_ratio=[1, 0], burn_in=0),
    dataset=dict(same_geometry=False, datasets=[box_dataset]))
