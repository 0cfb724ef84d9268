"""PL-DC with weight lambda = 0.5 of the unsupervised loss.

    bash tools/dist_train.sh configs/pldc/ablations/mask2former_r50_coco1pct_lambda0p5.py 4

Published: 21.1 mask AP on val2017 (Table 4c).
Hardware: four RTX 3090 in the paper; hours unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco1pct_full.py'

model = dict(unsup_weight=0.5)
