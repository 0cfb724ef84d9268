"""Noisy Boundaries on 2 % of `animals`, matched thresholds alone, plain mask head.

    python tools/self_train.py \
        configs/noisy_boundaries/ablations/mask-rcnn_lite0_animals2pct_matched-thr.py

No published AP. Run by us: see docs/results.md.
"""
_base_ = '../mask-rcnn_lite0_animals2pct.py'

model = dict(roi_head=dict(boundary_map=None, mask_head=dict(type='FCNMaskHead')))
pseudo_dataset = dict(
    _base_.pseudo_dataset,
    ann_file='work_dirs/self_training/'
    'mask-rcnn_lite0_animals2pct_matched-thr/pseudo/pseudo_labels.json')
train_dataloader = dict(dataset=dict(datasets=[_base_.labeled_dataset, pseudo_dataset]))
