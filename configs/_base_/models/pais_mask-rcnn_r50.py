"""PAIS on Mask R-CNN R50.

From the released code come the teacher's background weights and the RPN's pseudo boxes.
"""
_base_ = ['./mask-rcnn_r50_weighted.py', './pais_mask-rcnn_hooks.py']

model = dict(
    type='PAIS',
    detector=_base_.detector,
    # The mask head runs on the boxes that can pass the filter alone.
    candidates=dict(type='MaskRCNNCandidates', score_thr=_base_.class_thr),
    pseudo_label_hooks=[_base_.dual_threshold, _base_.da_loss],
    teacher_background=True,
    burn_in=0,
    unsup_weight=1.5,
    data_preprocessor=dict(
        type='SemiDataPreprocessor', data_preprocessor=_base_.detector.data_preprocessor))
