"""Noisy Boundaries, Cityscapes 30 %, strong augmentation and noise-tolerant head, no boundary map.

    python tools/self_train.py \
        configs/noisy_boundaries/ablations/mask-rcnn_r50_cityscapes30pct_ntm.py --gpus 4

Published: 31.1 mask AP on val (Table 3; boundary AP 10.9).
Hardware: four GPUs for these batches; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../mask-rcnn_r50_cityscapes30pct.py'

model = dict(roi_head=dict(boundary_map=None))
pseudo_dataset = dict(
    _base_.pseudo_dataset,
    ann_file='work_dirs/self_training/mask-rcnn_r50_cityscapes30pct_ntm/pseudo/pseudo_labels.json')
train_dataloader = dict(dataset=dict(datasets=[_base_.labeled_dataset, pseudo_dataset]))
