"""COCO schedule of GuidedDistillation: 368 750 iterations, LR x 0.1 at 327 778 and 355 092.

The optimizer is that of mmdet's Mask2Former: backbone at a tenth of the rate, weight decay 0.05,
none for norms and embeddings.
"""
_base_ = './adamw_369k.py'

embedding = dict(lr_mult=1.0, decay_mult=0.0)
optim_wrapper = dict(
    optimizer=dict(weight_decay=0.05),
    paramwise_cfg=dict(
        custom_keys=dict(
            backbone=dict(lr_mult=0.1, decay_mult=1.0),
            query_embed=embedding,
            query_feat=embedding,
            level_embed=embedding)))
param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=368750, by_epoch=False, milestones=[327778, 355092],
        gamma=0.1)
]
