"""PL-DC, Mask2Former R50, COCO train2017 with 1 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pldc/mask2former_r50_coco1pct.py 4

Published: 25.1 mask AP on val2017 (Table 1; supervised 13.5).
Preset: as mask2former_r50_coco10pct.py, but for the LR step, which the released code takes
at 213 875 at 1 %.
Hardware: four RTX 3090 in the paper; hours unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco10pct.py'

split = dict(percent=1)
param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=368750, by_epoch=False, milestones=[213875], gamma=0.1)
]
supervised = dict(param_scheduler=_base_.param_scheduler)
