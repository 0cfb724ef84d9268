"""Noisy Boundaries on 2 % of `animals`: 14 labeled images, 686 without labels; runs on a CPU.

    python tools/self_train.py configs/noisy_boundaries/mask-rcnn_lite0_animals2pct.py

No published AP. Run by us: see docs/results.md.
"""
_base_ = [
    '../_base_/models/noisy_boundaries_mask-rcnn_lite0.py',
    '../_base_/datasets/animals.py',
    '../_base_/views/noisy_boundaries_cpu.py',
    '../_base_/schedules/noisy_boundaries_cpu.py',
]

split = dict(percent=2, fold=1)
val_evaluator = dict(type='BoundaryCocoMetric')
test_evaluator = val_evaluator

self_training = dict(preset='fast')
supervised = dict(
    model=dict(roi_head=dict(boundary_map=None, mask_head=dict(type='FCNMaskHead'))),
    train_dataloader=dict(dataset=dict(labeled=dict(pipeline=_base_.plain_pipeline))))
