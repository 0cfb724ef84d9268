"""PL-DC on 2 % of `animals`: 14 labeled images, 686 without labels; runs on a CPU.

    python tools/train.py configs/pldc/mask2former_lite0_animals2pct.py

Category correction takes EfficientNet-Lite0's real ImageNet weights (`TimmRegionClassifier`)
in the place of CLIP. No published AP. Run by us: see docs/results.md.
"""
_base_ = [
    '../_base_/models/pldc_mask2former_lite0.py', '../_base_/datasets/semi_animals.py',
    '../_base_/default_runtime.py'
]
burn_in, max_iters = 150, 900

ddtf = dict(type='DualThresholdFilter', class_thr=0.7, mask_thr=0.85, min_area=5)
dicc = dict(
    type='ClipCategoryCorrection',
    classifier=dict(
        type='TimmRegionClassifier', class_map='{{fileDirname}}/../animals/imagenet_classes.json'))
pmua = dict(type='MaskUncertainty')
model = dict(pseudo_label_hooks=[ddtf, dicc, pmua], burn_in=burn_in)
train_dataloader = dict(batch_sampler=dict(burn_in=burn_in))

param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=20),
    dict(type='MultiStepLR', by_epoch=False, begin=0, end=max_iters,
         milestones=[int(0.85 * max_iters)], gamma=0.1)
]
train_cfg = dict(type='SemiTrainLoop', max_iters=max_iters, val_interval=150)
custom_hooks = [
    dict(type='PreflightHook'),
    dict(type='IterationSeedHook'),
    dict(type='TeacherEMAHook', momentum=0.99),
    dict(type='PseudoLabelStatisticsHook', interval=20,
         hidden_ann_file='data/animals/annotations/instances_train.json'),
    dict(type='TrainingGuardHook'),
]
default_hooks = dict(logger=dict(interval=20), checkpoint=dict(interval=150))
