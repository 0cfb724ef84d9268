"""The student of Noisy Boundaries: Mask R-CNN R50-FPN, noise-tolerant mask head, boundary map.

The mean of the map is 3 in every RoI, so the mask losses weigh three times `loss_weight`.
"""
_base_ = './mask-rcnn_r50.py'

model = dict(
    roi_head=dict(
        boundary_map=dict(scale=3.0),
        bbox_head=dict(
            loss_bbox=dict(_delete_=True, type='SmoothL1Loss', beta=1.0, loss_weight=1.0)),
        mask_head=dict(type='NoiseTolerantMaskHead')))
