"""PAIS without DALoss, K-Net, on 5 % of `dsb2018`: the thresholds stay, nothing is weighed.

    python tools/train.py configs/pais/ablations/knet_lite0_dsb2018_5pct_no-daloss.py

No published AP. Run by us: see docs/results.md.
"""
_base_ = '../knet_lite0_dsb2018_5pct.py'

model = dict(pseudo_label_hooks=[_base_.dual_threshold])
