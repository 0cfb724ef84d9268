"""PAIS, Mask R-CNN R50, Cityscapes with 10 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pais/mask-rcnn_r50_cityscapes10pct.py 4

Published: 22.9 mask AP on val (Table 2; supervised 16.4, Noisy Boundaries' number).
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = './mask-rcnn_r50_cityscapes5pct.py'

split = dict(percent=10)
