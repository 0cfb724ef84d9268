"""PAIS on Mask R-CNN, COCO 10 %, without DALoss: no weights.

    bash tools/dist_train.sh configs/pais/ablations/mask-rcnn_r50_coco10pct_no-daloss.py 4

Published: 29.8 mask AP on val2017 (Table 3).
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../mask-rcnn_r50_coco10pct.py'

model = dict(pseudo_label_hooks=[_base_.dual_threshold])
