"""Runtime of every semi-supervised run: hooks, validation of teacher and student, checkpoints.

`teacher_ema` stands by itself so that a config can change its rate and keep the other hooks.
"""
_base_ = 'mmdet::_base_/default_runtime.py'

custom_imports = dict(imports=['mmssis'], allow_failed_imports=False)

default_hooks = dict(
    logger=dict(log_metric_by_epoch=False),
    # SemiBatchSampler has no epochs; its stream follows from the seed and the iteration.
    sampler_seed=None,
    checkpoint=dict(
        by_epoch=False,
        interval=5000,
        max_keep_ckpts=2,
        save_last=True,
        save_best='teacher/coco/segm_mAP',
        rule='greater',
        backend_args=dict(backend='atomic')))

teacher_ema = dict(type='TeacherEMAHook', momentum=0.9996)
run_hooks = [
    dict(type='PreflightHook'),
    dict(type='RankWatchHook'),
    dict(type='IterationSeedHook'),
    dict(type='PseudoLabelStatisticsHook'),
    dict(type='TrainingGuardHook'),
]
custom_hooks = [*run_hooks, teacher_ema]

val_cfg = dict(type='SemiValLoop')
test_cfg = dict(type='TestLoop')
log_processor = dict(by_epoch=False)
