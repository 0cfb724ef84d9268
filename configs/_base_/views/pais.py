"""Views of PAIS on COCO (released code, base_weight.py): teacher and student differ in geometry.

Every view draws its own size (short side 400 to 1200, long side at most 1333) and flip. Labeled
images get one of nine colour changes; the teacher's view none; the student's view one colour
change, one change of geometry and one to four erased squares, in any order. The squares erase
pixels, not the pseudo labels: those are moved into the view later. mmdet's RandomErasing includes
both ends of `n_patches`. Shear takes the tangent of the angle, the released code the hyperbolic
tangent. Batches hold 1 labeled and 3 unlabeled images per GPU (paper; Tab. 9);
`batch_sampler.mode='bernoulli'` mixes them as the released sampler does, 1.31 + 2.69 on average.
"""
branch_field = ['sup', 'unsup_teacher', 'unsup_student']
pack = dict(
    type='PackDetInputs',
    meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip',
               'flip_direction', 'homography_matrix'))
color = dict(type='OneOfColor')
shape = dict(
    type='RandomChoice',
    transforms=[
        [dict(type='UniformTranslateX', max_mag=0.1, img_border_value=125)],
        [dict(type='UniformTranslateY', max_mag=0.1, img_border_value=125)],
        [dict(type='EdgeRotate', max_mag=30.0, img_border_value=125)],
        [
            dict(type='EdgeShearX', max_mag=30.0, img_border_value=125),
            dict(type='EdgeShearY', max_mag=30.0, img_border_value=125),
        ],
    ])
erasing = dict(type='RandomErasing', n_patches=(1, 4), ratio=(0.0, 0.2), img_border_value=125)
strong = [dict(type='RandomOrder', transforms=[color, shape, erasing]), pack]
load_labeled = [
    dict(type='LoadImageRobust'),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
]
load_unlabeled = [
    dict(type='LoadImageRobust'),
    dict(type='LoadEmptyAnnotations', with_bbox=True, with_mask=True),
]
labeled_views = [
    dict(
        type='FilterAnnotations', min_gt_bbox_wh=(1e-5, 1e-5), by_mask=True, keep_empty=False),
    dict(type='MultiBranch', branch_field=branch_field, sup=[color, pack]),
]
geometry = [
    dict(
        type='RandomResize',
        scale=[(1333, 400), (1333, 1200)],
        resize_type='Resize',
        keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
]
unlabeled_views = dict(
    type='MultiBranch',
    branch_field=branch_field,
    unsup_teacher=[*geometry, pack],
    unsup_student=[*geometry, *strong])

train_dataloader = dict(
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    batch_sampler=dict(type='SemiBatchSampler', labeled=1, unlabeled=3),
    dataset=dict(
        type='SemiDataset',
        same_geometry=False,
        labeled=dict(
            type='CocoDataset',
            filter_cfg=dict(filter_empty_gt=True),
            pipeline=[*load_labeled, *geometry, *labeled_views]),
        unlabeled=dict(
            type='UnlabeledCocoDataset', pipeline=[*load_unlabeled, unlabeled_views])))
auto_scale_lr = dict(enable=False, base_batch_size=16)
