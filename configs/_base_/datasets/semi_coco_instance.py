"""COCO with a labeled fraction: images and annotation files, views, loaders, mask AP.

Geometry stands before `MultiBranch` and is shared by the views of an image; photometry stands
inside it. Large-scale jitter to 1024 x 1024 (paper, Tab. III); the preprocessor pads.
"""
data_root = 'data/coco/'
image_size = (1024, 1024)
branch_field = ['sup', 'sup_strong', 'unsup_teacher', 'unsup_student']
meta_keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip',
             'flip_direction', 'homography_matrix')

geometry = [
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='RandomResize',
        scale=image_size,
        ratio_range=(0.1, 2.0),
        resize_type='Resize',
        keep_ratio=True),
    dict(
        type='RandomCrop',
        crop_size=image_size,
        crop_type='absolute',
        recompute_bbox=True,
        allow_negative_crop=True),
]
weak_view = [dict(type='PackDetInputs', meta_keys=meta_keys)]
strong_view = [
    dict(type='StrongPhotometric'),
    dict(type='RandomNoiseErasing'),
    dict(type='PackDetInputs', meta_keys=meta_keys),
]
labeled_pipeline = [
    dict(type='LoadImageRobust'),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
    *geometry,
    dict(
        type='FilterAnnotations', min_gt_bbox_wh=(1e-5, 1e-5), by_mask=True, keep_empty=False),
    dict(type='MultiBranch', branch_field=branch_field, sup=weak_view, sup_strong=strong_view),
]
unlabeled_pipeline = [
    dict(type='LoadImageRobust'),
    dict(type='LoadEmptyAnnotations', with_bbox=True, with_mask=True),
    *geometry,
    dict(
        type='MultiBranch',
        branch_field=branch_field,
        unsup_teacher=weak_view,
        unsup_student=strong_view),
]
test_pipeline = [
    dict(type='LoadImageRobust'),
    dict(type='Resize', scale=(1333, 800), keep_ratio=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
]

labeled_dataset = dict(
    type='CocoDataset',
    data_root=data_root,
    ann_file='semi_anns/instances_train2017.1@10.json',
    data_prefix=dict(img='train2017/'),
    filter_cfg=dict(filter_empty_gt=True),
    pipeline=labeled_pipeline)
unlabeled_dataset = dict(
    type='UnlabeledCocoDataset',
    data_root=data_root,
    ann_file='semi_anns/instances_train2017.1@10-unlabeled.json',
    data_prefix=dict(img='train2017/'),
    pipeline=unlabeled_pipeline)

# Per GPU, for the paper's four GPUs: 2 labeled + 2 unlabeled images, 8 + 8 in all.
train_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    batch_sampler=dict(type='SemiBatchSampler', source_ratio=[1, 1], burn_in=20000),
    dataset=dict(type='SemiConcatDataset', datasets=[labeled_dataset, unlabeled_dataset]))
auto_scale_lr = dict(enable=False, base_batch_size=16)

val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CocoDataset',
        data_root=data_root,
        ann_file='annotations/instances_val2017.json',
        data_prefix=dict(img='val2017/'),
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(
    type='CocoMetric', ann_file=data_root + 'annotations/instances_val2017.json', metric='segm')
test_evaluator = val_evaluator
