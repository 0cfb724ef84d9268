"""Teacher of Noisy Boundaries, Mask R-CNN R50, COCO train2017, 10 % of the labels (fold 1).

    bash tools/dist_train.sh configs/noisy_boundaries/teachers/mask-rcnn_r50_coco10pct_teacher.py 8

Published: 22.0 mask AP on val2017 (Table 4, supervised), after 12 epochs: see `*_released.py`.
Counted in iterations here: 45 000 of 16 images, as many images as PAIS's supervised runs see in
180 000 of 4 (11.5 at 1 %, where 12 epochs give 3.5). Not run by us at this scale.
"""
_base_ = '../mask-rcnn_r50_coco10pct.py'

max_iters = 45000

model = dict(
    roi_head=dict(
        boundary_map=None,
        bbox_head=dict(loss_bbox=dict(_delete_=True, type='L1Loss', loss_weight=1.0)),
        mask_head=dict(type='FCNMaskHead')))
train_dataloader = dict(_delete_=True, **_base_.teacher_dataloader)
auto_scale_lr = dict(base_batch_size=16)

param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=max_iters, by_epoch=False, milestones=[30000, 40000],
        gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=5000)
# A teacher has no teacher.
self_training = dict(_delete_=True)
