"""Teacher of Noisy Boundaries, Mask R-CNN R50, all labels of COCO train2017.

    bash tools/dist_train.sh configs/noisy_boundaries/teachers/mask-rcnn_r50_coco100pct_teacher.py 8

Published: 34.5 mask AP on val2017 (Table 4, supervised).
90 000 iterations of 16 images, 12 epochs as released. Not run by us at this scale.
"""
_base_ = './mask-rcnn_r50_coco10pct_teacher.py'

max_iters = 90000

train_dataloader = dict(dataset=dict(ann_file='annotations/instances_train2017.json'))
param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=max_iters, by_epoch=False, milestones=[60000, 80000],
        gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
]
train_cfg = dict(max_iters=max_iters)
