"""PAIS on K-Net, COCO 10 %, without DALoss: no mask-IoU branch, no weights.

    bash tools/dist_train.sh configs/pais/ablations/knet_r50_coco10pct_no-daloss.py 4

Published: 29.3 mask AP on val2017 (Table 5, first row).
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../knet_r50_coco10pct.py'

detector = _base_.detector
detector.update_head.loss_iou = None
model = dict(
    detector=detector,
    pseudo_label_hooks=[dict(type='ClassThresholdFilter', class_thr=0.35, min_area=0)])
