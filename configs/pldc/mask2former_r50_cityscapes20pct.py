"""PL-DC, Mask2Former R50, Cityscapes with 20 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pldc/mask2former_r50_cityscapes20pct.py 4

Published: 35.8 mask AP (COCO metric) on val (Table 2; supervised 27.4).
Preset and hardware: as mask2former_r50_cityscapes5pct.py. Not run by us at this scale.
"""
_base_ = './mask2former_r50_cityscapes5pct.py'

split = dict(percent=20)
