"""GuidedDistillation on Mask2Former R50: one threshold on the class, weight 2, trained backbone."""
_base_ = './mask2former_r50.py'

_base_.detector.backbone.frozen_stages = -1
# 5 pixels at stride 4, as in the released code, are 80 of the input.
class_filter = dict(type='ClassThresholdFilter', class_thr=0.7, min_area=80)

model = dict(
    type='PLDC',
    detector=_base_.detector,
    candidates=dict(type='Mask2FormerCandidates'),
    pseudo_label_hooks=[class_filter],
    # Guided burn-in learns from pseudo labels too; its length is GuidedTeacherHook's.
    burn_in=0,
    unsup_weight=2.0,
    data_preprocessor=dict(
        type='SemiDataPreprocessor', data_preprocessor=_base_.detector.data_preprocessor))
