"""Noisy Boundaries, COCO 10 %, with PAIS's weights (Eq. 5) on the pseudo labels.

    python tools/self_train.py \
        configs/noisy_boundaries/ablations/mask-rcnn_r50_coco10pct_score-weights.py --gpus 8

No published AP.
Class losses weigh score^4, mask losses mask_score^4; true labels weigh 1.
Hardware: eight GPUs in the release; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../mask-rcnn_r50_coco10pct.py'

pipeline = [
    _base_.load[0],
    dict(type='LoadScoredAnnotations', with_bbox=True, with_mask=True),
    _base_.resize,
    _base_.flip,
    dict(type='CarryScores', transforms=[_base_.drop_empty]),
    *_base_.strong,
    dict(_base_.pack, type='PackWeightedInputs', class_exponent=4.0, mask_exponent=4.0),
]
pseudo_dataset = dict(
    _base_.pseudo_dataset,
    ann_file='work_dirs/self_training/'
    'mask-rcnn_r50_coco10pct_score-weights/pseudo/pseudo_labels.json',
    pipeline=pipeline)
train_dataloader = dict(dataset=dict(datasets=[_base_.labeled_dataset, pseudo_dataset]))
