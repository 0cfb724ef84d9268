"""Runtime of every semi-supervised run: hooks by name, validation of teacher and student.

An entry of `default_hooks` that is None is left out. `teacher` moves the teacher. mmdet's own
runtime is written out: to look a file up in mmdet takes longer than to read all of ours.
"""
default_scope = 'mmdet'
custom_imports = dict(imports=['mmssis'], allow_failed_imports=False)

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='CheckpointHook',
        by_epoch=False,
        interval=5000,
        max_keep_ckpts=2,
        save_last=True,
        save_best='teacher/coco/segm_mAP',
        rule='greater',
        backend_args=dict(backend='atomic')),
    # SemiBatchSampler has no epochs; its stream follows from the seed and the iteration.
    sampler_seed=None,
    visualization=dict(type='DetVisualizationHook'),
    preflight=dict(type='PreflightHook'),
    rank_watch=dict(type='RankWatchHook'),
    seed=dict(type='IterationSeedHook'),
    statistics=dict(type='PseudoLabelStatisticsHook'),
    guard=dict(type='TrainingGuardHook'),
    burn_in=dict(type='BurnInHook'),
    teacher=dict(type='TeacherEMAHook', momentum=0.9996))

val_cfg = dict(type='SemiValLoop')
test_cfg = dict(type='TestLoop')

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))
visualizer = dict(
    type='DetLocalVisualizer', vis_backends=[dict(type='LocalVisBackend')], name='visualizer')
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=False)
log_level = 'INFO'
load_from = None
resume = False
