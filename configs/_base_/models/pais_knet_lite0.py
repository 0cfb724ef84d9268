"""PAIS on K-Net with EfficientNet-Lite0, for a CPU."""
_base_ = ['./knet_lite0.py', './pais_knet_hooks.py']

detector = _base_.detector
detector.update_head.loss_iou = dict(
    type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0)
model = dict(
    type='PAIS',
    detector=detector,
    candidates=dict(type='KNetCandidates'),
    pseudo_label_hooks=[_base_.dual_threshold, _base_.da_loss],
    burn_in=0,
    unsup_weight=1.0,
    data_preprocessor=dict(
        type='SemiDataPreprocessor', data_preprocessor=detector.data_preprocessor))
