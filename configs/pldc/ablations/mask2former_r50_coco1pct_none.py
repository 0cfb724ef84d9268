"""PL-DC without DDTF, DICC and PMUA: a mean teacher with one coupled threshold.

    bash tools/dist_train.sh configs/pldc/ablations/mask2former_r50_coco1pct_none.py 4

Published: 20.7 mask AP on val2017 (Table 3).
Hardware: four RTX 3090 in the paper; hours unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco1pct_full.py'

coupled = dict(type='CoupledThresholdFilter', score_thr=0.765, min_area=5)
model = dict(pseudo_label_hooks=[coupled])
