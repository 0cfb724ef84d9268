"""Data Distillation, Mask R-CNN R50, COCO 10 %: what Noisy Boundaries compares with.

    python tools/self_train.py --gpus 8 \
        configs/noisy_boundaries/data_distillation/mask-rcnn_r50_coco10pct_data-distillation.py

Published: 24.2 mask AP on val2017 (Table 4, DD).
Matched box thresholds, pixels at 0.5; plain head, loss and augmentation.
Hardware: eight GPUs in the release; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../mask-rcnn_r50_coco10pct.py'

model = dict(roi_head=dict(boundary_map=None, mask_head=dict(type='FCNMaskHead')))
labeled_dataset = dict(_base_.labeled_dataset, pipeline=_base_.plain_pipeline)
pseudo_dataset = dict(
    _base_.pseudo_dataset,
    ann_file='work_dirs/self_training/'
    'mask-rcnn_r50_coco10pct_data-distillation/pseudo/pseudo_labels.json',
    pipeline=_base_.plain_pipeline)
train_dataloader = dict(dataset=dict(datasets=[labeled_dataset, pseudo_dataset]))

self_training = dict(box_thr='matched', pixel_thr=0.5)
