"""Noisy Boundaries, Mask R-CNN R50, Cityscapes with 10 % of the labels (fold 1).

    python tools/self_train.py configs/noisy_boundaries/mask-rcnn_r50_cityscapes10pct.py --gpus 4

Published: 22.1 mask AP on val (Table 1; supervised with the same augmentation 16.4).
Hardware: four GPUs for these batches; kind and hours unknown. Not run by us at this scale.
"""
_base_ = './mask-rcnn_r50_cityscapes5pct.py'

split = 'semi_anns/instancesonly_filtered_gtFine_train.1@10'
labeled_dataset = dict(_base_.labeled_dataset, ann_file=split + '.json')
pseudo_dataset = dict(
    _base_.pseudo_dataset,
    ann_file='work_dirs/self_training/mask-rcnn_r50_cityscapes10pct/pseudo/pseudo_labels.json')
train_dataloader = dict(dataset=dict(datasets=[labeled_dataset, pseudo_dataset]))

self_training = dict(
    teacher='configs/noisy_boundaries/teachers/mask-rcnn_r50_cityscapes10pct_teacher.py',
    labeled='data/cityscapes/' + split + '.json',
    unlabeled='data/cityscapes/' + split + '-unlabeled.json')
