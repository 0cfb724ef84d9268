"""Cityscapes schedule of GuidedDistillation: 90 000 iterations, polynomial decay to 0."""
_base_ = './guided_distillation_369k.py'

param_scheduler = [
    dict(type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=90000, by_epoch=False)
]
train_cfg = dict(max_iters=90000)
