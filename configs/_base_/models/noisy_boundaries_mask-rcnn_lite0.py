"""The student of Noisy Boundaries that trains on a CPU: EfficientNet-Lite0, FPN of 128 channels."""
_base_ = './mask-rcnn_lite0_weighted.py'

model = _base_.detector
model.roi_head.boundary_map = dict(scale=3.0)
model.roi_head.mask_head.type = 'NoiseTolerantMaskHead'
model.roi_head.mask_head.pop('iou_channels')
model.roi_head.mask_head.pop('iou_loss_weight')
