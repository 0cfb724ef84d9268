"""PAIS on K-Net, COCO 10 %, class weights alone, without the mask-IoU branch.

    bash tools/dist_train.sh configs/pais/ablations/knet_r50_coco10pct_class-weights.py 4

Published: 29.7 mask AP on val2017 (Table 5, second row).
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../knet_r50_coco10pct.py'

detector = _base_.detector
detector.update_head.loss_iou = None
class_filter = dict(type='ClassThresholdFilter', class_thr=0.35, min_area=0)
model = dict(
    detector=detector,
    pseudo_label_hooks=[class_filter, dict(_base_.da_loss, beta=None)])
