"""Noisy Boundaries, Mask R-CNN R50, COCO train2017 with 10 % of the labels (fold 1).

    python tools/self_train.py configs/noisy_boundaries/mask-rcnn_r50_coco10pct.py --gpus 8

Published: 29.2 mask AP on val2017 (Table 4; supervised with the same augmentation 21.9).
Preset: paper for thresholds and boundary map, released code for the head and the schedule. Batches
hold 24 images, 16 labeled and 8 pseudo-labeled; the released ones 32 at the same learning rate.
Teacher: `--supervised`, a plain Mask R-CNN, 2 labeled images per GPU, short side 640 to 800. Its
length is counted in iterations here: 45 000 of 16 images, as many images as PAIS's supervised runs
see in 180 000 of 4 (11.5 at 1 %, where the 12 epochs of the release give 3.5).
Hardware: eight GPUs in the release; kind and hours unknown. Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/noisy_boundaries_mask-rcnn_r50.py',
    '../_base_/datasets/coco.py',
    '../_base_/views/noisy_boundaries.py',
    '../_base_/schedules/noisy_boundaries_sgd_90k.py',
]

split = dict(percent=10, fold=1)
# Boundary AP beside mask AP.
val_evaluator = dict(type='BoundaryCocoMetric')
test_evaluator = val_evaluator

self_training = dict(preset='paper')
teacher_resize = dict(_base_.resize, scale=[(1333, 640), (1333, 800)])
supervised = dict(
    model=dict(
        roi_head=dict(
            boundary_map=None,
            bbox_head=dict(loss_bbox=dict(_delete_=True, type='L1Loss', loss_weight=1.0)),
            mask_head=dict(type='FCNMaskHead'))),
    train_dataloader=dict(
        dataset=dict(
            labeled=dict(pipeline=[*_base_.load, teacher_resize, *_base_.plain_views]))),
    param_scheduler=[
        dict(
            type='MultiStepLR', begin=0, end=45000, by_epoch=False, milestones=[30000, 40000],
            gamma=0.1),
        dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    ],
    train_cfg=dict(max_iters=45000, val_interval=5000))
