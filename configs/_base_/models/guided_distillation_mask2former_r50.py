"""GuidedDistillation on Mask2Former R50: one threshold on the class, weight 2, trained backbone."""
_base_ = './mask2former_r50.py'

model = dict(
    type='GuidedDistillation',
    detector=dict(backbone=dict(frozen_stages=-1)),
    # 5 pixels at stride 4, as in the released code, are 80 of the input.
    pseudo_label_hooks=dict(
        class_filter=dict(type='ClassThresholdFilter', class_thr=0.7, min_area=80)),
    # Guided burn-in learns from pseudo labels too; its length is GuidedTeacherHook's.
    burn_in=0,
    unsup_weight=2.0)
