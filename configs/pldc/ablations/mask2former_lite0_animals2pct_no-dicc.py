"""PL-DC without DICC (no category correction) on 2 % of `animals`; runs on a CPU.

    python tools/train.py configs/pldc/ablations/mask2former_lite0_animals2pct_no-dicc.py

No published AP. Run by us: see docs/results.md.
"""
_base_ = '../mask2former_lite0_animals2pct.py'

model = dict(pseudo_label_hooks=[_base_.ddtf, _base_.pmua])
