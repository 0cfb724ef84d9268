"""Noisy Boundaries, COCO 10 %, with a teacher of 12 epochs, as released.

    python tools/self_train.py \
        configs/noisy_boundaries/ablations/mask-rcnn_r50_coco10pct_released-teacher.py --gpus 8

Published: 29.2 mask AP on val2017 (Table 4).
No box below 0.1, as released: `*_released.py` shares the teacher's predictions.
Hardware: eight GPUs in the release; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../mask-rcnn_r50_coco10pct.py'

pseudo_dataset = dict(
    _base_.pseudo_dataset,
    ann_file='work_dirs/self_training/'
    'mask-rcnn_r50_coco10pct_released-teacher/pseudo/pseudo_labels.json')
train_dataloader = dict(dataset=dict(datasets=[_base_.labeled_dataset, pseudo_dataset]))

self_training = dict(
    teacher='configs/noisy_boundaries/teachers/mask-rcnn_r50_coco10pct_teacher_released.py',
    score_floor=0.1)
