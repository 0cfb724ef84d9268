"""Mask2Former with PAIS's mask-IoU branch in the place of Eq. 4 as mask score, COCO 1 %.

    bash tools/dist_train.sh configs/pais/mixed/mask2former_r50_coco1pct_mask-iou.py 4

Published: 21.7 mask AP on val2017, on GuidedDistillation (PL-DC Table 5a); thresholds unknown.
Here on PL-DC's schedule, with the class threshold of GuidedDistillation and PAIS's for the IoU.
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../../pldc/mask2former_r50_coco1pct.py'

model = dict(
    type='SemiInstanceSegmentor',
    detector=dict(panoptic_head=dict(type='MaskIoUMask2FormerHead', loss_iou_weight=1.0)),
    pseudo_label_hooks=[
        dict(type='DualThresholdFilter', class_thr=0.7, mask_thr=0.30, min_area=5),
    ])
