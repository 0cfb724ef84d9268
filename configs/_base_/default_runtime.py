"""Runtime of every semi-supervised run: hooks, validation of teacher and student, checkpoints."""
_base_ = 'mmdet::_base_/default_runtime.py'

custom_imports = dict(imports=['mmssis'], allow_failed_imports=False)

default_hooks = dict(
    checkpoint=dict(
        by_epoch=False,
        interval=5000,
        max_keep_ckpts=2,
        save_last=True,
        save_best='teacher/coco/segm_mAP',
        rule='greater',
        backend_args=dict(backend='atomic')))

custom_hooks = [
    dict(type='PreflightHook'),
    dict(type='IterationSeedHook'),
    dict(type='TeacherEMAHook', momentum=0.9996),
    dict(type='PseudoLabelStatisticsHook'),
    dict(type='TrainingGuardHook'),
]

val_cfg = dict(type='SemiValLoop')
test_cfg = dict(type='TestLoop')
log_processor = dict(by_epoch=False)
