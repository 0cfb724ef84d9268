"""PAIS, K-Net R50, COCO 10 %, with the weights as the paper prints them.

    bash tools/dist_train.sh configs/pais/knet_r50_coco10pct_paper.py 4

Published: 31.0 mask AP on val2017 (Table 3), by one of the two recipes, paper or code.
Preset: paper. c^4 and s^4 without factors, negatives weigh 1, lambda_u = 0.3 (section 4.2).
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = './knet_r50_coco10pct.py'

model = dict(
    unsup_weight=0.3,
    pseudo_label_hooks=[_base_.dual_threshold, dict(type='AligningWeights', alpha=4.0, beta=4.0)])
