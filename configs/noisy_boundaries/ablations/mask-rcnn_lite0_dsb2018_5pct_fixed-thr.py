"""Noisy Boundaries on 5 % of `dsb2018`, fixed thresholds (boxes 0.7, pixels 0.5), plain mask head.

    python tools/self_train.py \
        configs/noisy_boundaries/ablations/mask-rcnn_lite0_dsb2018_5pct_fixed-thr.py

No published AP. Run by us: see docs/results.md.
"""
_base_ = '../mask-rcnn_lite0_dsb2018_5pct.py'

model = dict(roi_head=dict(boundary_map=None, mask_head=dict(type='FCNMaskHead')))
pseudo_dataset = dict(
    _base_.pseudo_dataset,
    ann_file='work_dirs/self_training/'
    'mask-rcnn_lite0_dsb2018_5pct_fixed-thr/pseudo/pseudo_labels.json')
train_dataloader = dict(dataset=dict(datasets=[_base_.labeled_dataset, pseudo_dataset]))

self_training = dict(box_thr=0.7, pixel_thr=0.5)
