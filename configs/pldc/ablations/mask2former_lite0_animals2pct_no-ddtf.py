"""PL-DC without DDTF on 2 % of `animals`; runs on a CPU.

    python tools/train.py configs/pldc/ablations/mask2former_lite0_animals2pct_no-ddtf.py

One threshold, 0.7 x 0.85, on the product of both qualities. No published AP. Run by us: see
docs/results.md.
"""
_base_ = '../mask2former_lite0_animals2pct.py'

coupled = dict(type='CoupledThresholdFilter', score_thr=0.595, min_area=5)
model = dict(pseudo_label_hooks=[coupled, _base_.dicc, _base_.pmua])
