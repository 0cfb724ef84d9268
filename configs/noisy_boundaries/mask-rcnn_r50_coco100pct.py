"""Noisy Boundaries, Mask R-CNN R50, COCO train2017 and, unlabeled, unlabeled2017.

    python tools/self_train.py configs/noisy_boundaries/mask-rcnn_r50_coco100pct.py --gpus 8

Published: 38.6 mask AP on val2017 (Table 4; supervised with the same augmentation 37.1).
Hardware: eight GPUs in the release; kind and hours unknown. Not run by us at this scale.
"""
_base_ = './mask-rcnn_r50_coco10pct.py'

labeled_dataset = dict(
    _base_.labeled_dataset, ann_file='annotations/instances_train2017.json')
pseudo_dataset = dict(
    _base_.pseudo_dataset,
    ann_file='work_dirs/self_training/mask-rcnn_r50_coco100pct/pseudo/pseudo_labels.json',
    data_prefix=dict(img='data/coco/unlabeled2017/'))
train_dataloader = dict(dataset=dict(datasets=[labeled_dataset, pseudo_dataset]))

self_training = dict(
    teacher='configs/noisy_boundaries/teachers/mask-rcnn_r50_coco100pct_teacher.py',
    labeled='data/coco/annotations/instances_train2017.json',
    unlabeled='data/coco/annotations/image_info_unlabeled2017.json',
    image_root='data/coco/unlabeled2017')
