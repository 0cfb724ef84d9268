"""PAIS on K-Net R50, with a mask-IoU branch; the weights are those of the released code.

12 min(c, 0.5)^4 for classes, 2.5 s^4 for masks, 0.35^2 for negatives; the class loss is divided by
the number of matched kernels (docs/methods/pais.md).
"""
_base_ = './knet_r50.py'

_base_.model.update_head.loss_iou = dict(
    type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0)
model = dict(
    _delete_=True,
    type='PAIS',
    detector=_base_.model,
    candidates=dict(type='KNetCandidates', separate_negatives=False),
    pseudo_label_hooks=dict(
        dual_threshold=dict(
            type='DualThresholdFilter', class_thr=0.35, mask_thr=0.30, min_area=0),
        da_loss=dict(
            type='AligningWeights',
            alpha=4.0,
            beta=4.0,
            class_clip=0.5,
            class_reference=(0.5, 0.75),
            mask_reference=(0.4**0.25, 1.0),
            background_weight=0.1225)),
    burn_in=0,
    unsup_weight=1.0,
    data_preprocessor=dict(
        type='SemiDataPreprocessor', data_preprocessor=_base_.model.data_preprocessor))
