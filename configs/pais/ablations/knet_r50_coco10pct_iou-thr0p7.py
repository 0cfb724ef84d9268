"""PAIS on K-Net, COCO 10 %, with mask-IoU threshold 0.7.

    bash tools/dist_train.sh configs/pais/ablations/knet_r50_coco10pct_iou-thr0p7.py 4

Published: 30.6 mask AP on val2017 (Table 8).
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../knet_r50_coco10pct.py'

model = dict(
    pseudo_label_hooks=[
        dict(_base_.dual_threshold, mask_thr=0.7),
        _base_.da_loss,
    ])
