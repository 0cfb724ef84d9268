"""PAIS, K-Net R50, COCO train2017 with 5 % of the labels (fold 1).

    bash tools/dist_train.sh configs/pais/knet_r50_coco5pct.py 4

Published: 27.5 mask AP on val2017 (Table 3; supervised with the same views 22.3).
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = './knet_r50_coco10pct.py'

split = dict(percent=5)
