"""PAIS on K-Net, COCO 10 %, with alpha = beta = 2.

    bash tools/dist_train.sh configs/pais/ablations/knet_r50_coco10pct_alpha2.py 4

Published: 30.2 mask AP on val2017 (Table 6).
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../knet_r50_coco10pct.py'

model = dict(
    pseudo_label_hooks=[
        _base_.dual_threshold,
        dict(_base_.da_loss, alpha=2.0, beta=2.0),
    ])
