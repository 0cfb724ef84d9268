"""GuidedDistillation, Mask2Former R50, COCO train2017 with 10 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pldc/mask2former_r50_coco10pct.py 4 --supervised \
        --work-dir work_dirs/supervised/mask2former_r50_coco10pct
    bash tools/dist_train.sh configs/guided_distillation/mask2former_r50_coco10pct.py 4 --amp

Published: 35.0 mask AP on val2017 (PL-DC Table 1; supervised 30.5).
Preset: released code, where its settings are ours too: batch 16 + 16, one weak view of labeled
images, no erasing, trained backbone with fixed statistics, weight 2, class threshold 0.7. Ours:
the unlabeled set has no labeled image, labeled images are drawn evenly, masks are targets at the
input's resolution, and the supervised teacher is PL-DC's baseline.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/guided_distillation_mask2former_r50.py',
    '../_base_/datasets/coco.py',
    '../_base_/views/guided_distillation.py',
    '../_base_/schedules/guided_distillation_369k.py',
    '../_base_/default_runtime.py',
]
split = dict(percent=10, fold=1)
image_size = (1024, 1024)
scale_jitter = (0.1, 2.0)
# A supervised run has no guide.
supervised = dict(default_hooks=dict(teacher=dict(_delete_=True, type='TeacherEMAHook')))
default_hooks = dict(
    teacher=dict(
        type='GuidedTeacherHook',
        guide='work_dirs/supervised/mask2former_r50_coco10pct/iter_73750.pth',
        guided=50000))
