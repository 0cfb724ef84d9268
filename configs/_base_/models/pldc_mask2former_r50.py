"""PL-DC on Mask2Former R50 with the paper's settings (Tab. I; CLIP RN50, App. B.1).

`ddtf`, `dicc` and `pmua` name the three modules, so that an ablation lists those it keeps.
"""
_base_ = './mask2former_r50.py'

ddtf = dict(type='DualThresholdFilter', class_thr=0.85, mask_thr=0.9, min_area=5)
# `class_thr` is that of the filter before it: CLIP is freed once it can change no label.
dicc = dict(
    type='ClipCategoryCorrection',
    class_thr=0.85,
    classifier=dict(type='ClipRegionClassifier', model='RN50', pretrained='openai'))
pmua = dict(type='MaskUncertainty')

model = dict(
    type='PLDC',
    detector=_base_.detector,
    candidates=dict(type='Mask2FormerCandidates'),
    pseudo_label_hooks=[ddtf, dicc, pmua],
    burn_in=20000,
    unsup_weight=1.0,
    data_preprocessor=dict(
        type='SemiDataPreprocessor', data_preprocessor=_base_.detector.data_preprocessor))
