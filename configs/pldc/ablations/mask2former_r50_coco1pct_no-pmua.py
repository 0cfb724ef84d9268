"""PL-DC without PMUA: every pixel of a pseudo mask has weight 1.

    bash tools/dist_train.sh configs/pldc/ablations/mask2former_r50_coco1pct_no-pmua.py 4

Published: 20.4 mask AP on val2017 (Table 3).
Hardware: four RTX 3090 in the paper; hours unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco1pct_full.py'

model = dict(pseudo_label_hooks=[_base_.ddtf, _base_.dicc])
