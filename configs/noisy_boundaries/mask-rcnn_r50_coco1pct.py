"""Noisy Boundaries, Mask R-CNN R50, COCO train2017 with 1 % of the labels (fold 1).

    python tools/self_train.py configs/noisy_boundaries/mask-rcnn_r50_coco1pct.py --gpus 8

Published: 7.7 mask AP on val2017 (Table 4; supervised with the same augmentation 3.5).
Hardware: eight GPUs in the release; kind and hours unknown. Not run by us at this scale.
"""
_base_ = './mask-rcnn_r50_coco10pct.py'

split = 'semi_anns/instances_train2017.1@1'
labeled_dataset = dict(_base_.labeled_dataset, ann_file=split + '.json')
pseudo_dataset = dict(
    _base_.pseudo_dataset,
    ann_file='work_dirs/self_training/mask-rcnn_r50_coco1pct/pseudo/pseudo_labels.json')
train_dataloader = dict(dataset=dict(datasets=[labeled_dataset, pseudo_dataset]))

self_training = dict(
    teacher='configs/noisy_boundaries/teachers/mask-rcnn_r50_coco1pct_teacher.py',
    labeled='data/coco/' + split + '.json',
    unlabeled='data/coco/' + split + '-unlabeled.json')
