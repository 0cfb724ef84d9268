"""Hooks of the training engine."""

from .burn_in_hook import BurnInHook
from .guided_teacher_hook import GuidedTeacherHook
from .iteration_seed_hook import IterationSeedHook
from .preflight_hook import PreflightHook
from .pseudo_label_listener import PseudoLabelListener
from .pseudo_label_statistics_hook import PseudoLabelStatisticsHook
from .rank_watch_hook import RankWatchHook
from .teacher_ema_hook import TeacherEMAHook
from .training_guard_hook import TrainingGuardHook

__all__ = [
    'BurnInHook', 'GuidedTeacherHook', 'IterationSeedHook', 'PreflightHook', 'PseudoLabelListener',
    'PseudoLabelStatisticsHook', 'RankWatchHook', 'TeacherEMAHook', 'TrainingGuardHook'
]
