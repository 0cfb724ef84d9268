"""Noisy Boundaries, Mask R-CNN R50, BDD100K: 7,000 images with masks, 67,000 without.

    python tools/dataset_converters/bdd100k_to_coco.py data/bdd100k
    python tools/self_train.py configs/noisy_boundaries/mask-rcnn_r50_bdd100k.py --gpus 8

Published: 26.3 mask AP on val (Table 5; supervised 21.6), format of the labels unknown: 21.8, 19.8
and 16.8 are reported for the supervised detector, depending on it. Here: bitmasks, COCO's metric.
Nothing was released; schedule and loss weights are those of COCO, sizes are ours: short side 480 to
720. Teacher: 15 750 iterations of 16 images, 36 epochs as in BDD100K's model zoo.
Hardware: eight GPUs for these batches; kind and hours unknown. Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/noisy_boundaries_mask-rcnn_r50.py',
    '../_base_/datasets/bdd100k.py',
    '../_base_/views/noisy_boundaries.py',
    '../_base_/schedules/noisy_boundaries_sgd_90k.py',
]

data_set = dict(unlabeled='annotations/unlabeled.json')
load_small = [*_base_.load, dict(_base_.resize, scale=[(1280, 480), (1280, 720)])]
train_dataloader = dict(
    dataset=dict(
        labeled=dict(pipeline=[*load_small, *_base_.student_views]),
        pseudo=dict(pipeline=[*load_small, *_base_.student_views])))
val_evaluator = dict(type='BoundaryCocoMetric')
test_evaluator = val_evaluator

self_training = dict(preset='paper')
supervised = dict(
    model=dict(roi_head=dict(boundary_map=None, mask_head=dict(type='FCNMaskHead'))),
    train_dataloader=dict(
        dataset=dict(labeled=dict(pipeline=[*load_small, *_base_.plain_views]))),
    param_scheduler=[
        dict(
            type='MultiStepLR', begin=0, end=15750, by_epoch=False, milestones=[10500, 14437],
            gamma=0.1),
        dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    ],
    train_cfg=dict(max_iters=15750, val_interval=1500))
