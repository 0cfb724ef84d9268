"""PL-DC on 2 % of `animals` with category correction to the end: its weight stays 0.5.

    python tools/train.py configs/pldc/ablations/mask2former_lite0_animals2pct_dicc-constant.py

No published AP: in the paper the weight falls to 0 (Eq. 7). Run by us: see docs/results.md.
"""
_base_ = '../mask2former_lite0_animals2pct.py'

model = dict(
    pseudo_label_hooks=[_base_.ddtf, dict(_base_.dicc, schedule='constant'), _base_.pmua])
