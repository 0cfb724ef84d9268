"""PL-DC without PMUA on 2 % of `animals` (pixels of pseudo masks all have weight 1); runs on a CPU.

    python tools/train.py configs/pldc/ablations/mask2former_lite0_animals2pct_no-pmua.py

No published AP. Run by us: see docs/results.md.
"""
_base_ = '../mask2former_lite0_animals2pct.py'

model = dict(pseudo_label_hooks=[_base_.ddtf, _base_.dicc])
