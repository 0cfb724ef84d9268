"""Noisy Boundaries, Mask R-CNN R50, COCO train2017 with 10 % of the labels (fold 1).

    python tools/self_train.py configs/noisy_boundaries/mask-rcnn_r50_coco10pct.py --gpus 8

Published: 29.2 mask AP on val2017 (Table 4; supervised with the same augmentation 21.9).
Preset: paper for thresholds and boundary map, released code for the head and the schedule.
Hardware: eight GPUs in the release; kind and hours unknown. Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/noisy_boundaries_mask-rcnn_r50.py',
    '../_base_/datasets/semi_coco_instance_noisy_boundaries.py',
    '../_base_/schedules/noisy_boundaries_sgd_90k.py',
]

pseudo_dataset = dict(
    _base_.pseudo_dataset,
    ann_file='work_dirs/self_training/mask-rcnn_r50_coco10pct/pseudo/pseudo_labels.json')
train_dataloader = dict(dataset=dict(datasets=[_base_.labeled_dataset, pseudo_dataset]))

self_training = dict(
    teacher='configs/noisy_boundaries/teachers/mask-rcnn_r50_coco10pct_teacher.py',
    labeled='data/coco/semi_anns/instances_train2017.1@10.json',
    unlabeled='data/coco/semi_anns/instances_train2017.1@10-unlabeled.json',
    image_root='data/coco/train2017',
    preset='paper')
