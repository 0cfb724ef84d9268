"""PAIS, Mask R-CNN R50, COCO train2017 with 1 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pais/mask-rcnn_r50_coco1pct.py 4

Published: 21.1 mask AP on val2017 (Table 3; supervised with the same views 11.5).
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = './mask-rcnn_r50_coco10pct.py'

split = dict(percent=1)
