"""GuidedDistillation, Mask2Former R50, Cityscapes with 20 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pldc/mask2former_r50_cityscapes20pct.py 4 --supervised \
        --work-dir work_dirs/supervised/mask2former_r50_cityscapes20pct
    bash tools/dist_train.sh configs/guided_distillation/mask2former_r50_cityscapes20pct.py 4 --amp

Published: 33.1 mask AP on val (PL-DC Table 2; supervised 27.4), which is Cityscapes' own
metric; this config reports COCO's.
Preset: as mask2former_r50_cityscapes5pct.py.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_cityscapes5pct.py'

split = dict(percent=20)
default_hooks = dict(
    teacher=dict(guide='work_dirs/supervised/mask2former_r50_cityscapes20pct/iter_180000.pth'))
