"""PAIS, Mask R-CNN R50, COCO train2017 with 10 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pais/mask-rcnn_r50_coco10pct.py 4

Published: 31.0 mask AP on val2017 (Table 3; supervised with the same views 27.1).
Preset: paper for thresholds, weights and divisors (Eq. 5), with the released code's weights of the
background. Which of the two the published number belongs to is not said.
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = [
    '../_base_/models/pais_mask-rcnn_r50.py',
    '../_base_/datasets/coco.py',
    '../_base_/views/pais.py',
    '../_base_/schedules/pais_sgd_180k.py',
]

split = dict(percent=10, fold=1)
