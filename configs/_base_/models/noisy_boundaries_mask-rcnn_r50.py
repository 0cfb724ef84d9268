"""The student of Noisy Boundaries: Mask R-CNN R50-FPN, noise-tolerant mask head, boundary map.

The mean of the map is 3 in every RoI, so the mask losses weigh three times `loss_weight`. A plain
Mask R-CNN: `model = dict(roi_head=dict(boundary_map=None, mask_head=dict(type='FCNMaskHead')))`.
The backbone's ImageNet weights are loaded when training starts, not when the model is built.
"""
_base_ = './mask-rcnn_r50_weighted.py'

model = _base_.detector
model.roi_head.boundary_map = dict(scale=3.0)
model.roi_head.bbox_head.loss_bbox = dict(type='SmoothL1Loss', beta=1.0, loss_weight=1.0)
model.roi_head.mask_head.type = 'NoiseTolerantMaskHead'
model.roi_head.mask_head.pop('iou_channels')
model.roi_head.mask_head.pop('iou_loss_weight')
