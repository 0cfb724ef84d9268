"""Supervised Mask R-CNN R50 on 1 % of COCO train2017 (fold 1): the baseline of PAIS.

    bash tools/dist_train.sh configs/supervised/mask-rcnn_r50_coco1pct.py 4

Published: 11.5 mask AP on val2017 (Table 3, with the same views).
Same data, labeled views and number of labeled images per GPU, one, as PAIS; the paper does not give
its batch.
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../pais/mask-rcnn_r50_coco1pct.py'

# Burn-in to the end: the unlabeled set is never read, the student is what is evaluated.
model = dict(
    burn_in=_base_.max_iters, pseudo_label_hooks=[], predict_on='student')
train_dataloader = dict(batch_sampler=dict(burn_in=_base_.max_iters))
val_cfg = dict(predict_on='student')
default_hooks = dict(checkpoint=dict(save_best='student/coco/segm_mAP'))
