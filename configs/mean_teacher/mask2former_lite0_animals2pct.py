"""Plain mean teacher on 2 % of `animals`: PL-DC without its three modules; runs on a CPU.

    python tools/train.py configs/mean_teacher/mask2former_lite0_animals2pct.py

One threshold, 0.7 x 0.85, on class score x mask score. No published AP. Run by us, shortened:
see docs/results.md.
"""
_base_ = '../pldc/mask2former_lite0_animals2pct.py'

model = dict(
    type='SemiInstanceSegmentor',
    pseudo_label_hooks=dict(
        _delete_=True,
        coupled=dict(type='CoupledThresholdFilter', score_thr=0.595, min_area=5)))
