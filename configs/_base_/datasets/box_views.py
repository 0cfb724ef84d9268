"""What views of images with boxes have in common on every data set.

Flip is shared. Teacher and student see the same clean picture but for its size; on COCO with three
times the usual schedule, the student's is coloured as `box_strongv2` (released code, `strongv2`).
"""
box_branches = ['unsup_teacher', 'unsup_student']
box_pack = dict(
    type='PackDetInputs',
    meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip',
               'flip_direction', 'homography_matrix', 'box_labeled'))
box_load = [
    dict(type='LoadImageRobust'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='FilterAnnotations', min_gt_bbox_wh=(1e-5, 1e-5), keep_empty=False),
]
box_strongv2 = dict(
    type='StrongPhotometric',
    brightness=0.4,
    contrast=0.4,
    saturation=0.4,
    hue=0.1,
    jitter_prob=0.8,
    gray_prob=0.2,
    blur_prob=0.5)
