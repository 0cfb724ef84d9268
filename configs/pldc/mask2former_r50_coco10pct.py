"""PL-DC, Mask2Former R50, COCO train2017 with 10 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pldc/mask2former_r50_coco10pct.py 4

Published: 36.5 mask AP on val2017 (Table 1; supervised 30.5).
Preset: paper; the LR step at 340 386 is the one the released code takes.
Hardware: four RTX 3090 in the paper; hours unknown. Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/pldc_mask2former_r50.py',
    '../_base_/datasets/semi_coco_instance.py',
    '../_base_/schedules/adamw_369k.py',
    '../_base_/default_runtime.py',
]

# The model and the sampler must agree on where burn-in ends.
burn_in = 20000
model = dict(burn_in=burn_in)
train_dataloader = dict(batch_sampler=dict(burn_in=burn_in))
