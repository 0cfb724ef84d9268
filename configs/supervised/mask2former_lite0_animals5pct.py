"""Supervised baseline of PL-DC on 5 % of `animals`: same labels, views and updates.

    python tools/train.py configs/supervised/mask2former_lite0_animals5pct.py

No published AP. Run by us: see docs/results.md.
"""
_base_ = '../pldc/mask2former_lite0_animals5pct.py'

model = dict(pseudo_label_hooks=[], burn_in=_base_.max_iters, predict_on='student')
train_dataloader = dict(batch_sampler=dict(burn_in=_base_.max_iters))
