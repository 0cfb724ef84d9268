"""PL-DC without DICC: no category correction by CLIP.

    bash tools/dist_train.sh configs/pldc/ablations/mask2former_r50_coco1pct_no-dicc.py 4

Published: 20.8 mask AP on val2017 (Table 3).
Hardware: four RTX 3090 in the paper; hours unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco1pct_full.py'

model = dict(pseudo_label_hooks=[_base_.ddtf, _base_.pmua])
