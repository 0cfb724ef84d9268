"""Noisy Boundaries, Mask R-CNN R50, BDD100K: 7,000 images with masks, 67,000 without.

    python tools/dataset_converters/bdd100k_to_coco.py data/bdd100k
    python tools/self_train.py configs/noisy_boundaries/mask-rcnn_r50_bdd100k.py --gpus 8

Published: 26.3 mask AP on val (Table 5; supervised 21.6), format of the labels unknown: 21.8, 19.8
and 16.8 are reported for the supervised detector, depending on it. Here: bitmasks, COCO's metric.
Nothing was released; schedule and loss weights are those of COCO.
Hardware: eight GPUs for these batches; kind and hours unknown. Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/noisy_boundaries_mask-rcnn_r50.py',
    '../_base_/datasets/semi_bdd100k_noisy_boundaries.py',
    '../_base_/schedules/noisy_boundaries_sgd_90k.py',
]

num_classes = 8
model = dict(
    roi_head=dict(
        bbox_head=dict(num_classes=num_classes), mask_head=dict(num_classes=num_classes)))
pseudo_dataset = dict(
    _base_.pseudo_dataset,
    ann_file='work_dirs/self_training/mask-rcnn_r50_bdd100k/pseudo/pseudo_labels.json')
train_dataloader = dict(dataset=dict(datasets=[_base_.labeled_dataset, pseudo_dataset]))

self_training = dict(
    teacher='configs/noisy_boundaries/teachers/mask-rcnn_r50_bdd100k_teacher.py',
    labeled='data/bdd100k/annotations/ins_seg_train_bitmasks.json',
    unlabeled='data/bdd100k/annotations/unlabeled.json',
    image_root='data/bdd100k/images/100k/train',
    preset='paper')
