"""Noisy Boundaries, Mask R-CNN R50, Cityscapes with 5 % of the labels (fold 1).

    python tools/self_train.py configs/noisy_boundaries/mask-rcnn_r50_cityscapes5pct.py --gpus 4

Published: 17.1 mask AP on val (Table 1; supervised with the same augmentation 11.3).
The mask losses weigh 3, as released, and the boundary map has a mean of 3 besides. 21 424
iterations are the released 8 epochs; their learning rate, 0.01, is for 8 images, 4 GPUs with 2
labeled and 1 pseudo-labeled image each make 12.
Teacher: `--supervised`, 13 500 iterations of 8 images, as many labeled images as PAIS sees in
27 000 of 4. The released schedule, for 20 %, is 4 760: see metafile.yml.
Boundaries are 0.5 % of the diagonal wide, as the authors of boundary AP set it for Cityscapes.
Hardware: four GPUs for these batches; kind and hours unknown. Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/noisy_boundaries_mask-rcnn_r50.py',
    '../_base_/datasets/cityscapes.py',
    '../_base_/views/noisy_boundaries_cityscapes.py',
    '../_base_/schedules/noisy_boundaries_sgd_90k.py',
]

split = dict(percent=5, fold=1)
model = dict(roi_head=dict(mask_head=dict(loss_mask=dict(loss_weight=3.0))))
val_evaluator = dict(type='BoundaryCocoMetric', dilation_ratio=0.005)
test_evaluator = val_evaluator

optim_wrapper = dict(optimizer=dict(lr=0.01))
warm_up = dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500)
step = dict(type='MultiStepLR', begin=0, by_epoch=False, gamma=0.1)
param_scheduler = [dict(step, end=21424, milestones=[18746]), warm_up]
train_cfg = dict(max_iters=21424, val_interval=2000)

self_training = dict(preset='paper')
supervised = dict(
    model=dict(
        roi_head=dict(
            boundary_map=None,
            mask_head=dict(type='FCNMaskHead', loss_mask=dict(loss_weight=1.0)))),
    train_dataloader=dict(
        dataset=dict(
            labeled=dict(pipeline=[*_base_.load, _base_.resize, *_base_.plain_views]))),
    param_scheduler=[dict(step, end=13500, milestones=[11925]), warm_up],
    train_cfg=dict(max_iters=13500, val_interval=1500))
