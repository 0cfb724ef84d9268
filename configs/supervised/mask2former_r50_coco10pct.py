"""Supervised Mask2Former R50 on 10 % of COCO train2017 (fold 1): the baseline of PL-DC.

    bash tools/dist_train.sh configs/supervised/mask2former_r50_coco10pct.py 4

Published: 30.5 mask AP on val2017 (Table 1).
Same data, views and batch as PL-DC; 73 750 iterations as in the released baseline configs.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = '../pldc/mask2former_r50_coco10pct.py'

max_iters = 73750
# Burn-in to the end: the unlabeled set is never read, the student is what is evaluated.
model = dict(burn_in=max_iters, pseudo_label_hooks=[], predict_on='student')
train_dataloader = dict(batch_sampler=dict(burn_in=max_iters))
train_cfg = dict(max_iters=max_iters)
param_scheduler = [
    dict(
        type='MultiStepLR', begin=0, end=max_iters, by_epoch=False, milestones=[68077],
        gamma=0.1)
]
val_cfg = dict(predict_on='student')
default_hooks = dict(checkpoint=dict(save_best='student/coco/segm_mAP'))
