"""PL-DC on the demo's look-alike shapes, with a small CLIP of their own; runs on a CPU.

    python tools/demo/run_demo.py

generates the data, trains CLIP, the supervised baseline and this, and compares them. Alone,
after that: ``python tools/train.py configs/demo/mask2former_lite0_demo_pldc.py``.

Differences from the paper's setting, all for a run of minutes: images of 128 x 128, a small
Mask2Former on a trainable backbone, EMA 0.99, lower thresholds. A look-alike halves the class
score of a good mask, so that c_t = 0.85 would keep the easy categories alone.

No published AP. Run by us: see docs/results.md.
"""
_base_ = ['../_base_/models/pldc_mask2former_lite0.py', '../_base_/default_runtime.py']

seed_dir, clip_dir = 'work_dirs/demo/seed0/', 'work_dirs/demo/clip/'
data_set = dict(
    root=seed_dir + 'data',
    classes=('disc', 'square', 'star', 'triangle', 'ringed disc', 'striped square',
             'crossed star', 'dotted triangle'),
    labeled='semi_anns/labeled.json',
    unlabeled='semi_anns/labeled-unlabeled.json',
    val='annotations/instances_val.json',
    image_dirs=dict(labeled='train', val='val'),
    hidden='annotations/instances_train.json')
image_size = (128, 128)
burn_in, max_iters = 200, 600

geometry = [
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomResize', scale=image_size, ratio_range=(0.8, 1.25), resize_type='Resize',
         keep_ratio=True),
    dict(type='RandomCrop', crop_size=image_size, crop_type='absolute', recompute_bbox=True,
         allow_negative_crop=True),
]
meta_keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip',
             'flip_direction', 'homography_matrix')
branch_field = ['sup', 'sup_strong', 'unsup_teacher', 'unsup_student']
weak_view = [dict(type='PackDetInputs', meta_keys=meta_keys)]
strong_view = [dict(type='StrongPhotometric'), dict(type='RandomNoiseErasing'), *weak_view]
labeled_pipeline = [
    dict(type='LoadImageRobust'),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
    *geometry,
    dict(type='FilterAnnotations', min_gt_bbox_wh=(1e-5, 1e-5), by_mask=True, keep_empty=False),
    dict(type='MultiBranch', branch_field=branch_field, sup=weak_view, sup_strong=strong_view),
]
unlabeled_pipeline = [
    dict(type='LoadImageRobust'),
    dict(type='LoadEmptyAnnotations', with_bbox=True, with_mask=True),
    *geometry,
    dict(type='MultiBranch', branch_field=branch_field, unsup_teacher=weak_view,
         unsup_student=strong_view),
]
test_pipeline = [
    dict(type='LoadImageRobust'),
    dict(type='Resize', scale=image_size, keep_ratio=True),
    dict(type='PackDetInputs',
         meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
]

# 4 labeled images, in a weak and a strong view each, and 8 unlabeled ones.
train_dataloader = dict(
    batch_size=12,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    batch_sampler=dict(type='SemiBatchSampler', source_ratio=[1, 2], burn_in=burn_in),
    dataset=dict(type='SemiConcatDataset', datasets=[
        dict(type='CocoDataset', filter_cfg=dict(filter_empty_gt=True),
             pipeline=labeled_pipeline),
        dict(type='UnlabeledCocoDataset', pipeline=unlabeled_pipeline)]))
val_dataloader = dict(
    batch_size=8,
    num_workers=0,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CocoDataset', test_mode=True, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='CocoMetric', ann_file='', metric='segm')
test_evaluator = val_evaluator

ddtf = dict(type='DualThresholdFilter', class_thr=0.5, mask_thr=0.85, min_area=5)
dicc = dict(
    type='ClipCategoryCorrection',
    classifier=dict(type='ClipRegionClassifier', model=clip_dir + 'demo_clip.json',
                    pretrained=clip_dir + 'demo_clip.pt', context=1.15, largest_part=True))
pmua = dict(type='MaskUncertainty')
preprocessor = dict(batch_augments=[
    dict(type='BatchFixedSizePad', size=image_size, img_pad_value=0, pad_mask=True,
         mask_pad_value=0, pad_seg=False)])
model = dict(
    detector=dict(data_preprocessor=preprocessor),
    pseudo_label_hooks=[ddtf, dicc, pmua],
    burn_in=burn_in,
    data_preprocessor=dict(data_preprocessor=preprocessor))

param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=20),
    dict(type='MultiStepLR', by_epoch=False, begin=0, end=max_iters,
         milestones=[int(0.85 * max_iters)], gamma=0.1)
]
train_cfg = dict(type='SemiTrainLoop', max_iters=max_iters, val_interval=max_iters)
custom_hooks = [
    dict(type='PreflightHook'),
    dict(type='IterationSeedHook'),
    dict(type='TeacherEMAHook', momentum=0.99),
    dict(type='PseudoLabelStatisticsHook', interval=20),
    dict(type='TrainingGuardHook'),
]
default_hooks = dict(
    logger=dict(interval=10),
    checkpoint=dict(interval=burn_in, max_keep_ckpts=-1, save_best=None))
