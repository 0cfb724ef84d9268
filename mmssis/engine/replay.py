"""Learning rates that a config gives at an iteration, by going through its schedule again."""

import copy
import warnings
from types import SimpleNamespace
from typing import Any, Dict, List, Optional, Sequence, Tuple

from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.optim.scheduler.param_scheduler import _ParamScheduler
from mmengine.runner import IterBasedTrainLoop, Runner

# What a user sets for an optimizer; some keep other things of theirs beside these.
SETTINGS = ('lr', 'initial_lr', 'weight_decay', 'momentum', 'initial_momentum', 'betas', 'eps',
            'nesterov', 'dampening', 'amsgrad')


class ScheduleReplay:
    """The settings of an optimizer and its schedulers before a run, to be played again.

    A checkpoint brings the settings of its own run. Played again they are those of the config, and
    as they would be after a number of iterations: the arithmetic is that of the training, and so
    are the numbers. It is done with one group of weights for each kind of settings, of which there
    are few: 100,000 iterations take one to three seconds.

    Args:
        schedulers: of the run, by iteration, as they were built.
        optim_wrapper: of the run, after they were built.
    """

    def __init__(self, schedulers: Sequence[_ParamScheduler], optim_wrapper: OptimWrapper) -> None:
        self.schedulers, self.optim_wrapper = schedulers, optim_wrapper
        self.fresh = [copy.copy(scheduler) for scheduler in schedulers]
        names = {*SETTINGS, *(scheduler.param_name for scheduler in schedulers)}
        self.settings = [{name: value for name, value in group.items() if name in names}
                         for group in optim_wrapper.param_groups]

    def apply(self, steps: int) -> None:
        """Set optimizer and schedulers to what a run has after a number of iterations.

        Args:
            steps: iterations, >= 0.
        """
        kinds = [self.settings.index(each) for each in self.settings]
        firsts = sorted(set(kinds))
        which = [firsts.index(kind) for kind in kinds]
        groups, played = self._play(steps, firsts)
        for group, index in zip(self.optim_wrapper.param_groups, which):
            group.update(groups[index])
        for scheduler, fresh, shadow in zip(self.schedulers, self.fresh, played):
            last = shadow.get_last_value()
            state = dict(shadow.state_dict(), base_values=fresh.base_values,
                         _last_value=[last[index] for index in which])
            scheduler.load_state_dict(fresh.state_dict() if fresh.by_epoch else state)

    def _play(self, steps: int, firsts: List[int]
              ) -> Tuple[List[Dict[str, Any]], List[_ParamScheduler]]:
        """Groups and schedulers after some iterations, for the given groups."""
        # `step` is looked at for a warning alone.
        few = SimpleNamespace(param_groups=[dict(self.settings[i]) for i in firsts], step=None)
        shadows = [_shadow(fresh, few, firsts) for fresh in self.fresh]
        stepping = [shadow for shadow in shadows if not shadow.by_epoch]
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            for _ in range(steps):
                for shadow in stepping:
                    shadow.step()
        return few.param_groups, shadows


def _shadow(scheduler: _ParamScheduler, few: SimpleNamespace, firsts: List[int]
            ) -> _ParamScheduler:
    """A scheduler for the first group of each kind."""
    shadow = copy.copy(scheduler)
    shadow.optimizer = few
    shadow.base_values = [scheduler.base_values[i] for i in firsts]
    return shadow


def prepare_replay(runner: Runner) -> Optional[ScheduleReplay]:
    """Keep the settings of a run that has not begun.

    Args:
        runner: with optimizer and schedulers built.

    Returns:
        What plays them again; None if :func:`can_replay` says no.
    """
    if not can_replay(runner):
        return None
    return ScheduleReplay(runner.param_schedulers or [], runner.optim_wrapper)


def can_replay(runner: Runner) -> bool:
    """Whether the schedule is a function of the iteration alone.

    Args:
        runner: with optimizer and schedulers built.
    """
    schedulers = runner.param_schedulers or []
    return (isinstance(runner.train_loop, IterBasedTrainLoop) and isinstance(schedulers, list)
            and not isinstance(runner.optim_wrapper, OptimWrapperDict)
            and not any(getattr(each, 'need_val_args', False) for each in schedulers))
