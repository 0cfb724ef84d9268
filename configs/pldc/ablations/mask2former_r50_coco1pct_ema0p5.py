"""PL-DC with EMA rate alpha = 0.5.

    bash tools/dist_train.sh configs/pldc/ablations/mask2former_r50_coco1pct_ema0p5.py 4

Published: 19.9 mask AP on val2017 (Table 4b).
Hardware: four RTX 3090 in the paper; hours unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco1pct_full.py'

teacher_ema = dict(_base_.teacher_ema, momentum=0.5)
custom_hooks = [*_base_.run_hooks, teacher_ema]
