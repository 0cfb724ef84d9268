"""GuidedDistillation, Mask2Former R50, COCO train2017 with 1 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pldc/mask2former_r50_coco1pct.py 4 --supervised \
        --work-dir work_dirs/supervised/mask2former_r50_coco1pct
    bash tools/dist_train.sh configs/guided_distillation/mask2former_r50_coco1pct.py 4 --amp

Published: 21.5 mask AP on val2017 (PL-DC Table 1; supervised 13.5).
Preset: as mask2former_r50_coco10pct.py.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco10pct.py'

split = dict(percent=1)
default_hooks = dict(
    teacher=dict(guide='work_dirs/supervised/mask2former_r50_coco1pct/iter_73750.pth'))
