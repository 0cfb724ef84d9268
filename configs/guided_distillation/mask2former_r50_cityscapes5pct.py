"""GuidedDistillation, Mask2Former R50, Cityscapes with 5 % of the labels (fold 1).

    bash tools/dist_train.sh configs/supervised/mask2former_r50_cityscapes5pct.py 4 \
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
    '../_base_/datasets/semi_cityscapes_instance_guided_distillation.py',
    '../_base_/schedules/guided_distillation_90k.py',
    '../_base_/default_runtime.py',
]

num_classes = 8
# Crops are 512 x 1024 already; the padding to 1024 x 1024 of the COCO model is not wanted.
data_preprocessor = dict(batch_augments=None)
model = dict(
    data_preprocessor=dict(data_preprocessor=data_preprocessor),
    detector=dict(
        data_preprocessor=data_preprocessor,
        panoptic_head=dict(
            num_things_classes=num_classes,
            loss_cls=dict(class_weight=[1.0] * num_classes + [0.1])),
        panoptic_fusion_head=dict(num_things_classes=num_classes)))

guided_teacher = dict(
    type='GuidedTeacherHook',
    guide='work_dirs/supervised/mask2former_r50_cityscapes5pct/iter_180000.pth',
    guided=50000)
custom_hooks = [*_base_.run_hooks, guided_teacher]
