"""PL-DC on the small Mask2Former; the hooks' settings are those of the data set's config."""
_base_ = './mask2former_lite0.py'

_base_.detector.data_preprocessor.batch_augments = [
    dict(
        type='BatchFixedSizePad',
        size=(192, 192),
        img_pad_value=0,
        pad_mask=True,
        mask_pad_value=0,
        pad_seg=False)
]
model = dict(
    type='PLDC',
    detector=_base_.detector,
    candidates=dict(type='Mask2FormerCandidates'),
    pseudo_label_hooks=[],
    data_preprocessor=dict(
        type='SemiDataPreprocessor', data_preprocessor=_base_.detector.data_preprocessor))
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='StudentOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=5e-4, weight_decay=0.05),
    clip_grad=dict(max_norm=0.1, norm_type=2),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1)), norm_decay_mult=0.0))
