"""Settings out of range are named by their key."""

import pytest
from mmdet.registry import HOOKS

OUT_OF_RANGE = [
    ('seed.seed', dict(type='IterationSeedHook', seed=0.5)),
    ('rank_watch.timeout', dict(type='RankWatchHook', timeout=float('nan'))),
    ('statistics.interval', dict(type='PseudoLabelStatisticsHook', interval=0)),
    ('guard.empty_patience', dict(type='TrainingGuardHook', empty_patience=0)),
    ('guard.max_unsup_to_sup', dict(type='TrainingGuardHook', max_unsup_to_sup=0)),
    ('guard.max_pseudo_to_gt', dict(type='TrainingGuardHook', max_pseudo_to_gt=0)),
    ('teacher.momentum', dict(type='TeacherEMAHook', momentum=1.0)),
    ('teacher.warm_up', dict(type='TeacherEMAHook', warm_up=-1)),
    ('teacher.warm_up_offset', dict(type='TeacherEMAHook', warm_up_offset=0)),
    ('teacher.guided', dict(type='GuidedTeacherHook', guide='guide.pth', guided=-1)),
    ('burn_in.precision', dict(type='BurnInHook', precision=1.5)),
    ('burn_in.recall', dict(type='BurnInHook', recall=-1)),
    ('burn_in.interval', dict(type='BurnInHook', interval=0)),
    ('burn_in.hold', dict(type='BurnInHook', hold=0)),
    ('burn_in.held_out', dict(type='BurnInHook', held_out=0.9)),
    ('burn_in.max_images', dict(type='BurnInHook', max_images=0)),
    ('preflight.checks', dict(type='PreflightHook', checks=['luck'])),
    ('preflight.warn_only', dict(type='PreflightHook', warn_only=['luck'])),
]


def test_out_of_range():
    for key, hook in OUT_OF_RANGE:
        with pytest.raises(ValueError, match=key):
            HOOKS.build(hook)
