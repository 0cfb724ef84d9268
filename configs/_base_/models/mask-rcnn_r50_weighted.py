"""Mask R-CNN R50-FPN as mmdet's, with a RoI head that takes weights and PAIS's mask-IoU branch.

Without weights its losses are mmdet's, plus `loss_mask_iou` on true labels. Without the branch:
`type='FCNMaskHead'` for the mask head, and without `iou_channels` and `iou_loss_weight`.
The backbone's ImageNet weights are loaded when training starts, not when the model is built.
"""
_base_ = 'mmdet::_base_/models/mask-rcnn_r50_fpn.py'

num_classes = 80

detector = _base_.model
detector.type = 'WeightedMaskRCNN'
detector.roi_head.type = 'WeightedRoIHead'
detector.roi_head.bbox_head.num_classes = num_classes
detector.roi_head.mask_head.update(
    type='FCNMaskIoUHead', num_classes=num_classes, iou_channels=128, iou_loss_weight=0.25)

# The name is free for the semi-supervised detector around it.
model = dict(_delete_=True)
