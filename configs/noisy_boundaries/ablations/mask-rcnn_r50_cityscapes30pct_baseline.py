"""Pseudo labels with matched thresholds alone, Cityscapes 30 %: plain head, plain augmentation.

    python tools/self_train.py \
        configs/noisy_boundaries/ablations/mask-rcnn_r50_cityscapes30pct_baseline.py --gpus 4

Published: 28.3 mask AP on val (Table 3; boundary AP 10.0).
Hardware: four GPUs for these batches; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../mask-rcnn_r50_cityscapes30pct.py'

model = dict(roi_head=dict(boundary_map=None, mask_head=dict(type='FCNMaskHead')))
labeled_dataset = dict(_base_.labeled_dataset, pipeline=_base_.plain_pipeline)
pseudo_dataset = dict(
    _base_.pseudo_dataset,
    ann_file='work_dirs/self_training/'
    'mask-rcnn_r50_cityscapes30pct_baseline/pseudo/pseudo_labels.json',
    pipeline=_base_.plain_pipeline)
train_dataloader = dict(dataset=dict(datasets=[labeled_dataset, pseudo_dataset]))
