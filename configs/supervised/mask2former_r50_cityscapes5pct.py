"""Supervised Mask2Former R50 on 5 % of Cityscapes (fold 1): the baseline of PL-DC.

    bash tools/dist_train.sh configs/supervised/mask2former_r50_cityscapes5pct.py 4

Published: 12.1 mask AP (COCO metric) on val (Table 2).
Same data, views, batch and 180 000 iterations as PL-DC.
Hardware: unknown. Not run by us at this scale.
"""
_base_ = '../pldc/mask2former_r50_cityscapes5pct.py'

# Burn-in to the end: the unlabeled set is never read, the student is what is evaluated.
burn_in = _base_.max_iters
model = dict(burn_in=burn_in, pseudo_label_hooks=[], predict_on='student')
train_dataloader = dict(batch_sampler=dict(burn_in=burn_in))
val_cfg = dict(predict_on='student')
default_hooks = dict(checkpoint=dict(save_best='student/coco/segm_mAP'))
