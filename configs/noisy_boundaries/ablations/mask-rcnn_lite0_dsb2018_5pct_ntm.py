"""Noisy Boundaries on 5 % of `dsb2018`, noise-tolerant head, no boundary map.

    python tools/self_train.py \
        configs/noisy_boundaries/ablations/mask-rcnn_lite0_dsb2018_5pct_ntm.py

No published AP. Run by us: see docs/results.md.
"""
_base_ = '../mask-rcnn_lite0_dsb2018_5pct.py'

model = dict(roi_head=dict(boundary_map=None))
pseudo_dataset = dict(
    _base_.pseudo_dataset,
    ann_file='work_dirs/self_training/mask-rcnn_lite0_dsb2018_5pct_ntm/pseudo/pseudo_labels.json')
train_dataloader = dict(dataset=dict(datasets=[_base_.labeled_dataset, pseudo_dataset]))
