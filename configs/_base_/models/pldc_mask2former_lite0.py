"""PL-DC on the small Mask2Former, for short runs: lower thresholds, no category correction.

A config that has a classifier for its classes adds `dicc`.
"""
_base_ = './mask2former_lite0.py'

model = dict(
    type='PLDC',
    pseudo_label_hooks=dict(
        ddtf=dict(type='DualThresholdFilter', class_thr=0.7, mask_thr=0.85, min_area=5),
        pmua=dict(type='MaskUncertainty')),
    burn_in=150)
