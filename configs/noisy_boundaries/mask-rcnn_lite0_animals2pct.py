"""Noisy Boundaries on 2 % of `animals`: 14 labeled images, 686 without labels; runs on a CPU.

    python tools/self_train.py configs/noisy_boundaries/mask-rcnn_lite0_animals2pct.py

No published AP. Run by us: see docs/results.md.
"""
_base_ = [
    '../_base_/models/noisy_boundaries_mask-rcnn_lite0.py',
    '../_base_/datasets/semi_animals_noisy_boundaries.py',
    '../_base_/schedules/noisy_boundaries_cpu.py',
]

pseudo_dataset = dict(
    _base_.pseudo_dataset,
    ann_file='work_dirs/self_training/mask-rcnn_lite0_animals2pct/pseudo/pseudo_labels.json')
train_dataloader = dict(dataset=dict(datasets=[_base_.labeled_dataset, pseudo_dataset]))

self_training = dict(
    teacher='configs/noisy_boundaries/teachers/mask-rcnn_lite0_animals2pct_teacher.py',
    labeled='data/animals/semi_anns/instances_train.1@2.json',
    unlabeled='data/animals/semi_anns/instances_train.1@2-unlabeled.json',
    image_root='data/animals/train',
    preset='fast')
