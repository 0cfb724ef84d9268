"""Supervised baseline of PAIS, Mask R-CNN, on 2 % of `animals`: same labels, views and updates.

    python tools/train.py configs/supervised/mask-rcnn_lite0_animals2pct.py

No published AP. Run by us: see docs/results.md.
"""
_base_ = '../pais/mask-rcnn_lite0_animals2pct.py'

model = dict(pseudo_label_hooks=[], burn_in=_base_.max_iters, predict_on='student')
train_dataloader = dict(batch_sampler=dict(burn_in=_base_.max_iters))
