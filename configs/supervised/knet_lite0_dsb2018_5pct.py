"""Supervised baseline of PAIS, K-Net, on 5 % of `dsb2018`: same labels, views and updates.

    python tools/train.py configs/supervised/knet_lite0_dsb2018_5pct.py

No published AP. Run by us: see docs/results.md.
"""
_base_ = '../pais/knet_lite0_dsb2018_5pct.py'

model = dict(pseudo_label_hooks=[], burn_in=_base_.max_iters, predict_on='student')
train_dataloader = dict(batch_sampler=dict(burn_in=_base_.max_iters))
