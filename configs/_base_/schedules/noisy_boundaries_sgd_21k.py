"""The student of Noisy Boundaries on Cityscapes: SGD, 21 424 iterations, one step at 18 746.

The released 8 epochs, counted in iterations. Their learning rate, 0.01, is for 8 images; 4 GPUs
with 2 labeled and 1 pseudo-labeled image each make 12.
"""
_base_ = './noisy_boundaries_sgd_90k.py'

max_iters = 21424

optim_wrapper = dict(optimizer=dict(lr=0.01))
param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=max_iters, by_epoch=False, milestones=[18746],
        gamma=0.1),
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
]
train_cfg = dict(max_iters=max_iters, val_interval=2000)
