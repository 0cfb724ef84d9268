"""Cityscapes schedule: 180 000 iterations, one LR step (x 0.1) at 166 154 (see adamw_369k.py)."""
_base_ = './adamw_369k.py'

param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=180000, by_epoch=False, milestones=[166154], gamma=0.1)
]
train_cfg = dict(max_iters=180000)
