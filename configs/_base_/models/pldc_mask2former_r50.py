"""PL-DC on Mask2Former R50 with the paper's settings (Tab. I; CLIP RN50, App. B.1)."""
_base_ = './mask2former_r50.py'

model = dict(
    type='PLDC',
    pseudo_label_hooks=dict(
        ddtf=dict(type='DualThresholdFilter', class_thr=0.85, mask_thr=0.9, min_area=5),
        # CLIP is freed once it can change no label that passed this class threshold.
        dicc=dict(
            type='ClipCategoryCorrection',
            class_thr=0.85,
            classifier=dict(type='ClipRegionClassifier', model='RN50', pretrained='openai')),
        pmua=dict(type='MaskUncertainty')),
    burn_in=20000,
    unsup_weight=1.0)
