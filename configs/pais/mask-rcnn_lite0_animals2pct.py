"""PAIS, Mask R-CNN, on 2 % of `animals`: 14 labeled images, 686 without labels; runs on a CPU.

    python tools/train.py configs/pais/mask-rcnn_lite0_animals2pct.py

No published AP. Run by us (docs/results.md), with
`model.candidates.separate_negatives=False`.
"""
_base_ = [
    '../_base_/models/pais_mask-rcnn_lite0.py',
    '../_base_/datasets/animals.py',
    '../_base_/views/pais_cpu.py',
    '../_base_/schedules/pais_cpu.py',
]

split = dict(percent=2, fold=1)
# The paper has no burn-in; here it saves the time of views that yield no pseudo label yet.
schedule = dict(burn_in=150)
