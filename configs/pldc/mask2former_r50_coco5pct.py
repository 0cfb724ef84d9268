"""PL-DC, Mask2Former R50, COCO train2017 with 5 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pldc/mask2former_r50_coco5pct.py 4

Published: 33.0 mask AP on val2017 (Table 1; supervised 26.0).
Preset: as mask2former_r50_coco10pct.py.
Hardware: four RTX 3090 in the paper; hours unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco10pct.py'

split = dict(percent=5)
