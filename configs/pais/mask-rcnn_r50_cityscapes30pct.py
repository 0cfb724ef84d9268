"""PAIS, Mask R-CNN R50, Cityscapes with 30 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pais/mask-rcnn_r50_cityscapes30pct.py 4

Published: 32.8 mask AP on val (Table 2; supervised 26.6, Noisy Boundaries' number).
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = './mask-rcnn_r50_cityscapes5pct.py'

split = dict(percent=30)
