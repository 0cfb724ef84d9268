"""Teacher of Noisy Boundaries, COCO 1 %, as released: 12 epochs, which are 887 iterations.

    bash tools/dist_train.sh \
        configs/noisy_boundaries/teachers/mask-rcnn_r50_coco1pct_teacher_released.py 8

Published: 3.5 mask AP on val2017 (Table 4, supervised). PAIS's supervised run of the same detector
reaches 11.5: the schedule alone. Not run by us at this scale.
"""
_base_ = './mask-rcnn_r50_coco10pct_teacher_released.py'

max_iters = 887

train_dataloader = dict(dataset=dict(ann_file='semi_anns/instances_train2017.1@1.json'))
param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=max_iters, by_epoch=False, milestones=[592, 813],
        gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
]
train_cfg = dict(max_iters=max_iters)
