"""BoxTeacher on CondInst R50: thresholds of the paper, weights of masks of the released code.

Weights of the losses of pseudo masks and their warm-up of 10 000 iterations are defaults of the
mask head.
"""
_base_ = './condinst_r50.py'

model = dict(
    _delete_=True,
    type='BoxTeacher',
    detector=_base_.model,
    candidates=dict(type='CondInstCandidates'),
    pseudo_label_hooks=dict(
        assign=dict(
            type='AssignToBoxes',
            iou_thr=0.5,
            score_thr=0.05,
            sort_by='mask_aware',
            class_power=0.5)),
    burn_in=0,
    data_preprocessor=dict(
        type='SemiDataPreprocessor', data_preprocessor=_base_.model.data_preprocessor))
