"""Cityscapes with boxes alone, as BoxTeacher sees it; the masks in the file are not read.

Student: short side 800 to 1024. Teacher: the original 1024 x 2048 (paper, section 5.3). Neither
paper nor released code says how the student's is coloured; it is clean, as COCO's of 1x.
"""
_base_ = ['./semi_cityscapes_instance.py', './box_views.py']

box_pipeline = [
    *_base_.box_load,
    dict(
        type='MultiBranch',
        branch_field=_base_.box_branches,
        unsup_teacher=[
            dict(type='Resize', scale=(2048, 1024), keep_ratio=True), _base_.box_pack
        ],
        unsup_student=[
            dict(
                type='RandomChoiceResize',
                scales=[(2 * side, side) for side in range(800, 1025, 32)],
                resize_type='Resize',
                keep_ratio=True),
            _base_.box_pack,
        ]),
]
box_dataset = dict(
    type='BoxLabeledCocoDataset',
    ann_file='annotations/instancesonly_filtered_gtFine_train.json',
    filter_cfg=dict(filter_empty_gt=True),
    pipeline=box_pipeline,
    **_base_.train_set)
# 1 image per GPU on 8 GPUs.
train_dataloader = dict(
    batch_size=1,
    batch_sampler=dict(source_ratio=[1, 0], burn_in=0),
    dataset=dict(same_geometry=False, datasets=[box_dataset]))
