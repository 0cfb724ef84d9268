"""PAIS, Mask R-CNN R50, Cityscapes with 5 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pais/mask-rcnn_r50_cityscapes5pct.py 4

Published: 18.0 mask AP on val (Table 2; supervised 11.3, Noisy Boundaries' number).
Schedule: 27 000 iterations with SGD, the second of the two released recipes, as the paper says.
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/pais_mask-rcnn_r50.py',
    '../_base_/datasets/cityscapes.py',
    '../_base_/views/pais_cityscapes.py',
    '../_base_/schedules/pais_sgd_180k.py',
]

split = dict(percent=5, fold=1)
param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=27000, by_epoch=False, milestones=[23850], gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
]
train_cfg = dict(max_iters=27000, val_interval=1000)
