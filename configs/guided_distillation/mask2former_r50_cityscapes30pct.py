"""GuidedDistillation, Mask2Former R50, Cityscapes with 30 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pldc/mask2former_r50_cityscapes30pct.py 4 --supervised \
        --work-dir work_dirs/supervised/mask2former_r50_cityscapes30pct
    bash tools/dist_train.sh configs/guided_distillation/mask2former_r50_cityscapes30pct.py 4 --amp

Published: 35.6 mask AP on val (PL-DC Table 2; supervised 29.6), which is Cityscapes' own
metric; this config reports COCO's.
Preset: as mask2former_r50_cityscapes5pct.py.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_cityscapes5pct.py'

split = dict(percent=30)
default_hooks = dict(
    teacher=dict(guide='work_dirs/supervised/mask2former_r50_cityscapes30pct/iter_180000.pth'))
