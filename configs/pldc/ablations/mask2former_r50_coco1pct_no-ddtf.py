"""PL-DC without DDTF: one threshold, 0.9 x 0.85, on the product of both qualities.

    bash tools/dist_train.sh configs/pldc/ablations/mask2former_r50_coco1pct_no-ddtf.py 4

Published: 21.1 mask AP on val2017 (Table 3, and row "-" of Table 4a).
Hardware: four RTX 3090 in the paper; hours unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco1pct_full.py'

coupled = dict(type='CoupledThresholdFilter', score_thr=0.765, min_area=5)
dicc = dict(_base_.dicc, class_thr=0.765)
model = dict(pseudo_label_hooks=[coupled, dicc, _base_.pmua])
