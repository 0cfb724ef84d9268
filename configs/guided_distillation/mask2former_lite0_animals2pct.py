"""GuidedDistillation on 2 % of `animals`: 14 labeled images, 686 without labels; runs on a CPU.

    python tools/train.py configs/supervised/mask2former_lite0_animals2pct.py \
        --work-dir work_dirs/supervised/mask2former_lite0_animals2pct
    python tools/train.py configs/guided_distillation/mask2former_lite0_animals2pct.py

Data, views and schedule are those of PL-DC's config, so that the two can be compared; guided
burn-in is as long as PL-DC's burn-in. No published AP. Not run by us yet.
"""
_base_ = '../pldc/mask2former_lite0_animals2pct.py'

# 5 pixels at stride 4, as in the released code, are 80 of the input.
class_filter = dict(type='ClassThresholdFilter', class_thr=0.7, min_area=80)
model = dict(pseudo_label_hooks=[class_filter], burn_in=0, unsup_weight=2.0)
train_dataloader = dict(batch_sampler=dict(burn_in=0))

guided_teacher = dict(
    type='GuidedTeacherHook',
    guide='work_dirs/supervised/mask2former_lite0_animals2pct/iter_900.pth',
    guided=_base_.burn_in,
    momentum=0.99)
custom_hooks = [
    guided_teacher if hook['type'] == 'TeacherEMAHook' else hook for hook in _base_.custom_hooks
]
