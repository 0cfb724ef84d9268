"""PAIS on K-Net, COCO 10 %, with alpha = beta = 1.

    bash tools/dist_train.sh configs/pais/ablations/knet_r50_coco10pct_alpha1.py 4

Published: 29.9 mask AP on val2017 (Table 6).
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../knet_r50_coco10pct.py'

model = dict(
    pseudo_label_hooks=[
        _base_.dual_threshold,
        dict(_base_.da_loss, alpha=1.0, beta=1.0),
    ])
