"""Noisy Boundaries on 5 % of `dsb2018`: 26 labeled images, 505 without labels; runs on a CPU.

    python tools/self_train.py configs/noisy_boundaries/mask-rcnn_lite0_dsb2018_5pct.py

No published AP. Run by us: see docs/results.md.
"""
_base_ = [
    '../_base_/models/noisy_boundaries_mask-rcnn_lite0.py',
    '../_base_/datasets/semi_dsb2018_noisy_boundaries.py',
    '../_base_/schedules/noisy_boundaries_cpu.py',
]

num_classes = 1
model = dict(
    roi_head=dict(
        bbox_head=dict(num_classes=num_classes), mask_head=dict(num_classes=num_classes)),
    train_cfg=dict(rpn_proposal=dict(max_per_img=500)),
    test_cfg=dict(rpn=dict(max_per_img=500), rcnn=dict(max_per_img=100)))
pseudo_dataset = dict(
    _base_.pseudo_dataset,
    ann_file='work_dirs/self_training/mask-rcnn_lite0_dsb2018_5pct/pseudo/pseudo_labels.json')
train_dataloader = dict(dataset=dict(datasets=[_base_.labeled_dataset, pseudo_dataset]))

self_training = dict(
    teacher='configs/noisy_boundaries/teachers/mask-rcnn_lite0_dsb2018_5pct_teacher.py',
    labeled='data/dsb2018/semi_anns/instances_train.1@5.json',
    unlabeled='data/dsb2018/semi_anns/instances_train.1@5-unlabeled.json',
    image_root='data/dsb2018/train',
    preset='fast')
