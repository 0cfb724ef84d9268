"""mmdet's Mask R-CNN R50-FPN with a RoI head that takes weights; without weights, the same losses.

The backbone's ImageNet weights are loaded when training starts, not when the model is built.
"""
_base_ = 'mmdet::_base_/models/mask-rcnn_r50_fpn.py'

model = dict(type='WeightedMaskRCNN', roi_head=dict(type='WeightedRoIHead'))
