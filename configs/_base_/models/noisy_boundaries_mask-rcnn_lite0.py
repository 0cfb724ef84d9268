"""The student of Noisy Boundaries that trains on a CPU: EfficientNet-Lite0, FPN of 128 channels."""
_base_ = './mask-rcnn_lite0.py'

model = dict(
    roi_head=dict(
        boundary_map=dict(scale=3.0), mask_head=dict(type='NoiseTolerantMaskHead')))
