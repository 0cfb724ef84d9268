"""PL-DC, Mask2Former R50, COCO train2017 with 10 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pldc/mask2former_r50_coco10pct.py 4

Published: 36.5 mask AP on val2017 (Table 1; supervised 30.5).
Preset: paper; the LR step at 340 386 is the one the released code takes.
Hardware: four RTX 3090 in the paper; hours unknown. Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/pldc_mask2former_r50.py',
    '../_base_/datasets/coco.py',
    '../_base_/views/pldc.py',
    '../_base_/schedules/adamw_369k.py',
    '../_base_/default_runtime.py',
]
split = dict(percent=10, fold=1)
image_size = (1024, 1024)
scale_jitter = (0.1, 2.0)
# The length of the released baseline configs.
supervised = dict(schedule=dict(max_iters=73750))
