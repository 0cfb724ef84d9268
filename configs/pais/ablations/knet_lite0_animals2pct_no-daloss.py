"""PAIS without DALoss, K-Net, on 2 % of `animals`: the thresholds stay, nothing is weighed.

    python tools/train.py configs/pais/ablations/knet_lite0_animals2pct_no-daloss.py

No published AP. Run by us: see docs/results.md.
"""
_base_ = '../knet_lite0_animals2pct.py'

model = dict(pseudo_label_hooks=[_base_.dual_threshold])
