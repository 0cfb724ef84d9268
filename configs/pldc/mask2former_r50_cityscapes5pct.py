"""PL-DC, Mask2Former R50, Cityscapes with 5 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pldc/mask2former_r50_cityscapes5pct.py 4

Published: 27.6 mask AP (COCO metric) on val (Table 2; supervised 12.1).
Preset: paper, batch 4 + 4 (the released config has 8 + 8); LR step of the released code.
Hardware: four RTX 3090 in the paper; hours unknown. Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/pldc_mask2former_r50.py',
    '../_base_/datasets/cityscapes.py',
    '../_base_/views/pldc_cityscapes.py',
    '../_base_/schedules/adamw_180k.py',
    '../_base_/default_runtime.py',
]
split = dict(percent=5, fold=1)
# All crops are 512 x 1024: nothing to pad.
preprocessor = dict(batch_augments=None)
model = dict(
    detector=dict(data_preprocessor=preprocessor),
    data_preprocessor=dict(data_preprocessor=preprocessor))
