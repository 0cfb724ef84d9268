"""PL-DC, Mask2Former R50, COCO train2017 and, unlabeled, unlabeled2017.

    bash tools/dist_train.sh configs/pldc/mask2former_r50_coco100pct.py 4

Published: 48.8 mask AP on val2017 (Table 1; supervised 43.5).
Preset: paper; burn-in 60 000 as in the released config (the paper says 20 000).
Hardware: four RTX 3090 in the paper; hours unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco10pct.py'

data_set = dict(
    labeled='annotations/instances_train2017.json',
    unlabeled='annotations/image_info_unlabeled2017.json',
    image_dirs=dict(unlabeled='unlabeled2017/'))
schedule = dict(burn_in=60000, val_interval=10000)
supervised = dict(schedule=dict(val_interval=5000))
