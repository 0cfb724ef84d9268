"""Teacher of Noisy Boundaries, Mask R-CNN R50, Cityscapes with 5 % of the labels (fold 1).

    bash tools/dist_train.sh \
        configs/noisy_boundaries/teachers/mask-rcnn_r50_cityscapes5pct_teacher.py 4

Published: 11.8 mask AP on val (Table 1, supervised).
Counted in iterations here: 13 500 of 8 images, as many labeled images as PAIS sees in 27 000 of 4.
The released schedule, for 20 %, is 4 760: `*_released.py`. Not run by us at this scale.
"""
_base_ = '../mask-rcnn_r50_cityscapes5pct.py'

max_iters = 13500

model = dict(
    roi_head=dict(
        boundary_map=None,
        mask_head=dict(type='FCNMaskHead', loss_mask=dict(loss_weight=1.0))))
train_dataloader = dict(_delete_=True, **_base_.teacher_dataloader)
auto_scale_lr = dict(base_batch_size=8)

param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=max_iters, by_epoch=False, milestones=[11925],
        gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=1500)
# A teacher has no teacher.
self_training = dict(_delete_=True)
