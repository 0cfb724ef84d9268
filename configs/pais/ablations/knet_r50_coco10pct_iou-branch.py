"""PAIS on K-Net, COCO 10 %, with the mask-IoU branch and its threshold, without weights.

    bash tools/dist_train.sh configs/pais/ablations/knet_r50_coco10pct_iou-branch.py 4

Published: 29.4 mask AP on val2017 (Table 5, third row).
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../knet_r50_coco10pct.py'

model = dict(pseudo_label_hooks=[_base_.dual_threshold])
