"""Mask R-CNN with PL-DC's dual threshold and pixel uncertainty in the place of DALoss, COCO 1 %.

    bash tools/dist_train.sh configs/pais/mixed/mask-rcnn_r50_coco1pct_ddtf-pmua.py 4

No published AP. The mask score is PL-DC's Eq. 4 on the 28 x 28 grid of the box: no mask-IoU branch.
Hardware: four GPUs in the paper; kind and hours unknown. Not run by us at this scale.
"""
_base_ = '../mask-rcnn_r50_coco1pct.py'

class_thr = 0.85
mask_head = dict(_base_.detector.roi_head.mask_head, _delete_=True, type='FCNMaskHead')
mask_head.pop('iou_channels')
mask_head.pop('iou_loss_weight')
model = dict(
    detector=dict(roi_head=dict(mask_head=mask_head)),
    candidates=dict(score_thr=class_thr),
    pseudo_label_hooks=[
        dict(type='DualThresholdFilter', class_thr=class_thr, mask_thr=0.9, min_area=5),
        dict(type='MaskUncertainty'),
    ])
