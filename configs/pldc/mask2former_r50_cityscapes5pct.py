"""PL-DC, Mask2Former R50, Cityscapes with 5 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pldc/mask2former_r50_cityscapes5pct.py 4

Published: 27.6 mask AP (COCO metric) on val (Table 2; supervised 12.1).
Preset: paper, batch 4 + 4 (the released config has 8 + 8); LR step of the released code.
Hardware: four RTX 3090 in the paper; hours unknown. Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/pldc_mask2former_r50.py',
    '../_base_/datasets/semi_cityscapes_instance.py',
    '../_base_/schedules/adamw_180k.py',
    '../_base_/default_runtime.py',
]

num_classes = 8
# Crops are 512 x 1024 already; the padding to 1024 x 1024 of the COCO model is not wanted.
data_preprocessor = dict(batch_augments=None)
# The model and the sampler must agree on where burn-in ends.
burn_in = 20000
model = dict(
    burn_in=burn_in,
    data_preprocessor=dict(data_preprocessor=data_preprocessor),
    detector=dict(
        data_preprocessor=data_preprocessor,
        panoptic_head=dict(
            num_things_classes=num_classes,
            loss_cls=dict(class_weight=[1.0] * num_classes + [0.1])),
        panoptic_fusion_head=dict(num_things_classes=num_classes)))
train_dataloader = dict(batch_sampler=dict(burn_in=burn_in))
