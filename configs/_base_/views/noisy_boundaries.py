"""Views of Noisy Boundaries on COCO: one per image, labeled and pseudo-labeled alike.

Student: short side 400 to 1200, long side at most 1333, flip, strong augmentation as released
(`*_instance_pl.py`): in 7 of 8 cases one distortion of the colours, then 1 to 5 erased rectangles
of the listed (width, height), filled with the mean; labels stay as they are. 2 labeled and 1
pseudo-labeled image per GPU. A pipeline with `plain_views` has no strong augmentation.
"""
pack = dict(
    type='PackDetInputs',
    meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip',
               'flip_direction', 'homography_matrix'))
flip = dict(type='RandomFlip', prob=0.5)
# Steps that options replace as one: `...pipeline.4` and `...pipeline.5`.
drop_empty = dict(
    type='Compose',
    transforms=[
        dict(
            type='FilterAnnotations',
            min_gt_bbox_wh=(1e-5, 1e-5),
            by_mask=True,
            keep_empty=False),
    ])
strong = dict(
    type='Compose',
    transforms=[
        dict(type='OneOfDistortion'),
        dict(
            type='CutOut',
            n_holes=(1, 5),
            cutout_shape=[(0, 0), (33, 20), (66, 40), (132, 80), (198, 120), (264, 160)],
            fill_in=(103.53, 116.28, 123.675)),
    ])
load = [
    dict(type='LoadImageRobust'),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
]
resize = dict(
    type='RandomResize', scale=[(1333, 400), (1333, 1200)], resize_type='Resize', keep_ratio=True)
plain_views = [flip, drop_empty, pack]
student_views = [flip, drop_empty, strong, pack]

train_dataloader = dict(
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    batch_sampler=dict(type='SemiBatchSampler', labeled=2, pseudo=1),
    dataset=dict(
        type='SemiDataset',
        labeled=dict(
            type='CocoDataset',
            filter_cfg=dict(filter_empty_gt=True),
            pipeline=[*load, resize, *student_views]),
        pseudo=dict(
            type='PseudoLabeledCocoDataset',
            filter_cfg=dict(filter_empty_gt=True),
            pipeline=[*load, resize, *student_views])))
# 8 GPUs.
auto_scale_lr = dict(enable=False, base_batch_size=24)
