"""GuidedDistillation, Mask2Former R50, Cityscapes with 10 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pldc/mask2former_r50_cityscapes10pct.py 4 --supervised \
        --work-dir work_dirs/supervised/mask2former_r50_cityscapes10pct
    bash tools/dist_train.sh configs/guided_distillation/mask2former_r50_cityscapes10pct.py 4 --amp

Published: 30.8 mask AP on val (PL-DC Table 2; supervised 18.8), which is Cityscapes' own
metric; this config reports COCO's.
Preset: as mask2former_r50_cityscapes5pct.py.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = './mask2former_r50_cityscapes5pct.py'

split = dict(percent=10)
default_hooks = dict(
    teacher=dict(guide='work_dirs/supervised/mask2former_r50_cityscapes10pct/iter_180000.pth'))
