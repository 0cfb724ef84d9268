"""Views of BoxTeacher on COCO: images with boxes alone; the masks in the file are not read.

Flip is shared. Student: short side 640 to 800. Teacher: short side 800, resized from the original
image, where the released code enlarges the student's (paper, section 5). Long sides at most 1333.
Both see the same clean picture; 2 images per GPU on 8 GPUs.
"""
branch_field = ['unsup_teacher', 'unsup_student']
pack = dict(
    type='PackDetInputs',
    meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip',
               'flip_direction', 'homography_matrix', 'box_labeled'))
load = [
    dict(type='LoadImageRobust'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='FilterAnnotations', min_gt_bbox_wh=(1e-5, 1e-5), keep_empty=False),
]
teacher_view = [dict(type='Resize', scale=(1333, 800), keep_ratio=True), pack]
student_resize = dict(
    type='RandomChoiceResize',
    scales=[(1333, side) for side in range(640, 801, 32)],
    resize_type='Resize',
    keep_ratio=True)

train_dataloader = dict(
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    batch_sampler=dict(type='SemiBatchSampler', boxes=2),
    dataset=dict(
        type='SemiDataset',
        same_geometry=False,
        boxes=dict(
            type='BoxLabeledCocoDataset',
            filter_cfg=dict(filter_empty_gt=True),
            pipeline=[
                *load,
                dict(
                    type='MultiBranch',
                    branch_field=branch_field,
                    unsup_teacher=teacher_view,
                    unsup_student=[student_resize, pack]),
            ])))
auto_scale_lr = dict(enable=False, base_batch_size=16)
