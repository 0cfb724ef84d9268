"""PL-DC, Mask2Former R50, Cityscapes with 30 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pldc/mask2former_r50_cityscapes30pct.py 4

Published: 37.6 mask AP (COCO metric) on val (Table 2; supervised 29.6).
Preset and hardware: as mask2former_r50_cityscapes5pct.py. Not run by us at this scale.
"""
_base_ = './mask2former_r50_cityscapes5pct.py'

split = dict(percent=30)
