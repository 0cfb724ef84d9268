"""Noisy Boundaries, Cityscapes 30 %, with a focal loss for the classes of RoIs.

    python tools/self_train.py \
        configs/noisy_boundaries/ablations/mask-rcnn_r50_cityscapes30pct_focal.py --gpus 4

Published: 33.2 mask AP on val (Table 1; 32.4 with cross-entropy).
Which focal loss is not said nor released; this is that of Unbiased Teacher, which the paper cites.
Hardware: four GPUs for these batches; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../mask-rcnn_r50_cityscapes30pct.py'

model = dict(
    roi_head=dict(
        bbox_head=dict(
            loss_cls=dict(
                _delete_=True, type='SoftmaxFocalLoss', gamma=1.5, loss_weight=1.0))))
pseudo_dataset = dict(
    _base_.pseudo_dataset,
    ann_file='work_dirs/self_training/'
    'mask-rcnn_r50_cityscapes30pct_focal/pseudo/pseudo_labels.json')
train_dataloader = dict(dataset=dict(datasets=[_base_.labeled_dataset, pseudo_dataset]))
