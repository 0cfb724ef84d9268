"""PAIS on K-Net, COCO 10 %, mask weights alone.

    bash tools/dist_train.sh configs/pais/ablations/knet_r50_coco10pct_mask-weights.py 4

Published: 30.4 mask AP on val2017 (Table 5, fourth row).
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../knet_r50_coco10pct.py'

# Negatives weigh 1, as without DALoss.
mask_weights = dict(_base_.da_loss, alpha=None, background_weight=1.0)
model = dict(pseudo_label_hooks=[_base_.dual_threshold, mask_weights])
