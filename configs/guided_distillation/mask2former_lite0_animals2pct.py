"""GuidedDistillation on 2 % of `animals`: 14 labeled images, 686 without labels; runs on a CPU.

    python tools/train.py configs/pldc/mask2former_lite0_animals2pct.py --supervised \
        --work-dir work_dirs/supervised/mask2former_lite0_animals2pct
    python tools/train.py configs/guided_distillation/mask2former_lite0_animals2pct.py

Data, views and schedule are those of PL-DC's config, so that the two can be compared; guided
burn-in is as long as PL-DC's burn-in. No published AP. Not run by us yet.
"""
_base_ = '../pldc/mask2former_lite0_animals2pct.py'

model = dict(
    type='GuidedDistillation',
    # 5 pixels at stride 4, as in the released code, are 80 of the input.
    pseudo_label_hooks=dict(
        _delete_=True,
        class_filter=dict(type='ClassThresholdFilter', class_thr=0.7, min_area=80)),
    burn_in=0,
    unsup_weight=2.0)
default_hooks = dict(
    teacher=dict(
        type='GuidedTeacherHook',
        guide='work_dirs/supervised/mask2former_lite0_animals2pct/iter_900.pth',
        guided=150))
# A supervised run has no guide.
supervised = dict(default_hooks=dict(teacher=dict(_delete_=True, type='TeacherEMAHook')))
