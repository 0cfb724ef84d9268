"""BoxTeacher on CondInst with EfficientNet-Lite0, for a CPU: masks warm up over 100 iterations."""
_base_ = './condinst_lite0.py'

detector = _base_.detector
detector.mask_head.warm_up = 100
assign = dict(
    type='AssignToBoxes', iou_thr=0.5, score_thr=0.05, sort_by='mask_aware', class_power=0.5)
model = dict(
    type='BoxTeacher',
    detector=detector,
    candidates=dict(type='CondInstCandidates'),
    pseudo_label_hooks=[assign],
    burn_in=0,
    data_preprocessor=dict(
        type='SemiDataPreprocessor', data_preprocessor=detector.data_preprocessor))
