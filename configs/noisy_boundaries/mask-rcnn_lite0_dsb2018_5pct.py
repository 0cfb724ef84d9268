"""Noisy Boundaries on 5 % of `dsb2018`: 26 labeled images, 505 without labels; runs on a CPU.

    python tools/self_train.py configs/noisy_boundaries/mask-rcnn_lite0_dsb2018_5pct.py

Sizes as in `pais/mask-rcnn_lite0_dsb2018_5pct.py`.
No published AP. Run by us: see docs/results.md.
"""
_base_ = [
    '../_base_/models/noisy_boundaries_mask-rcnn_lite0.py',
    '../_base_/datasets/dsb2018.py',
    '../_base_/views/noisy_boundaries_cpu.py',
    '../_base_/schedules/noisy_boundaries_cpu.py',
]

split = dict(percent=5, fold=1)
image_size = (320, 320)
crop_size = (256, 256)
model = dict(
    train_cfg=dict(rpn_proposal=dict(max_per_img=500)),
    test_cfg=dict(rpn=dict(max_per_img=500), rcnn=dict(max_per_img=100)))
val_evaluator = dict(type='BoundaryCocoMetric')
test_evaluator = val_evaluator

self_training = dict(preset='fast')
supervised = dict(
    model=dict(roi_head=dict(boundary_map=None, mask_head=dict(type='FCNMaskHead'))),
    train_dataloader=dict(dataset=dict(labeled=dict(pipeline=_base_.plain_pipeline))))
