"""`animals`: 7 species, 700 training images, evaluated on val and test together.

Unpack it to `data/animals`, then

    python tools/dataset_converters/merge_coco_splits.py data/animals val test
    python tools/dataset_converters/make_semi_splits.py \
        data/animals/annotations/instances_train.json \
        --percents 2 5 10 --folds 1 2 3 --every-category

Views of 192 x 192: flip, scale jitter and crop are shared, photometry is the student's.
"""
data_root = 'data/animals/'
classes = ('bear', 'deer', 'elephant', 'otter', 'rhesus monkey', 'tiger', 'turtle')
image_size = (192, 192)
branch_field = ['sup', 'sup_strong', 'unsup_teacher', 'unsup_student']
meta_keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip',
             'flip_direction', 'homography_matrix')

geometry = [
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='RandomResize',
        scale=image_size,
        ratio_range=(0.6, 1.5),
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
    dict(type='Resize', scale=image_size, keep_ratio=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
]

labeled_dataset = dict(
    type='CocoDataset',
    data_root=data_root,
    metainfo=dict(classes=classes),
    ann_file='semi_anns/instances_train.1@2.json',
    data_prefix=dict(img='train/'),
    filter_cfg=dict(filter_empty_gt=True),
    pipeline=labeled_pipeline)
unlabeled_dataset = dict(
    type='UnlabeledCocoDataset',
    data_root=data_root,
    metainfo=dict(classes=classes),
    ann_file='semi_anns/instances_train.1@2-unlabeled.json',
    data_prefix=dict(img='train/'),
    pipeline=unlabeled_pipeline)

# 4 labeled images, in a weak and a strong view each, and 8 unlabeled ones.
train_dataloader = dict(
    batch_size=12,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    batch_sampler=dict(type='SemiBatchSampler', source_ratio=[1, 2], burn_in=0),
    dataset=dict(type='SemiConcatDataset', datasets=[labeled_dataset, unlabeled_dataset]))

val_dataloader = dict(
    batch_size=8,
    num_workers=0,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CocoDataset',
        data_root=data_root,
        metainfo=dict(classes=classes),
        ann_file='annotations/instances_val+test.json',
        data_prefix=dict(img=''),
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(
    type='CocoMetric',
    ann_file=data_root + 'annotations/instances_val+test.json',
    metric='segm')
test_evaluator = val_evaluator
