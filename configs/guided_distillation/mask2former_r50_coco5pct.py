"""GuidedDistillation, Mask2Former R50, COCO train2017 with 5 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pldc/mask2former_r50_coco5pct.py 4 --supervised \
        --work-dir work_dirs/supervised/mask2former_r50_coco5pct
    bash tools/dist_train.sh configs/guided_distillation/mask2former_r50_coco5pct.py 4 --amp

Published: 29.9 mask AP on val2017 (PL-DC Table 1; supervised 26.0).
Preset: as mask2former_r50_coco10pct.py.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_coco10pct.py'

split = dict(percent=5)
default_hooks = dict(
    teacher=dict(guide='work_dirs/supervised/mask2former_r50_coco5pct/iter_73750.pth'))
