"""PAIS on K-Net, COCO 10 %, with class threshold 0.65.

    bash tools/dist_train.sh configs/pais/ablations/knet_r50_coco10pct_class-thr0p65.py 4

Published: 29.9 mask AP on val2017 (Table 7).
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../knet_r50_coco10pct.py'

model = dict(
    pseudo_label_hooks=[
        dict(_base_.dual_threshold, class_thr=0.65),
        _base_.da_loss,
    ])
