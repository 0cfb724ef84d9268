"""GuidedDistillation, Mask2Former R50, Cityscapes with 5 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pldc/mask2former_r50_cityscapes5pct.py 4 --supervised \
        --work-dir work_dirs/supervised/mask2former_r50_cityscapes5pct
    bash tools/dist_train.sh configs/guided_distillation/mask2former_r50_cityscapes5pct.py 4 --amp

Published: 23.0 mask AP on val (PL-DC Table 2; supervised 12.1), which is Cityscapes' own
metric; this config reports COCO's.
Preset: as mask2former_r50_coco10pct.py, with 90 000 iterations and polynomial decay. Other than
the released code it keeps the statistics of the backbone (SyncBN there).
Hardware: unknown. Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/guided_distillation_mask2former_r50.py',
    '../_base_/datasets/cityscapes.py',
    '../_base_/views/guided_distillation_cityscapes.py',
    '../_base_/schedules/guided_distillation_90k.py',
    '../_base_/default_runtime.py',
]
split = dict(percent=5, fold=1)
# A supervised run has no guide.
supervised = dict(default_hooks=dict(teacher=dict(_delete_=True, type='TeacherEMAHook')))
# All crops are 512 x 1024: nothing to pad.
preprocessor = dict(batch_augments=None)
model = dict(
    detector=dict(data_preprocessor=preprocessor),
    data_preprocessor=dict(data_preprocessor=preprocessor))
default_hooks = dict(
    teacher=dict(
        type='GuidedTeacherHook',
        guide='work_dirs/supervised/mask2former_r50_cityscapes5pct/iter_180000.pth',
        guided=50000))
