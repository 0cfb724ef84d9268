"""PL-DC, Mask2Former R50, Cityscapes with 10 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pldc/mask2former_r50_cityscapes10pct.py 4

Published: 33.1 mask AP (COCO metric) on val (Table 2; supervised 18.8).
Preset and hardware: as mask2former_r50_cityscapes5pct.py. Not run by us at this scale.
"""
_base_ = './mask2former_r50_cityscapes5pct.py'

split = dict(percent=10)
