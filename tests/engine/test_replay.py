"""The schedule that is played again gives the very numbers of a run."""

import copy
from typing import List

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import PARAM_SCHEDULERS
from torch import nn

from mmssis.engine.replay import ScheduleReplay


def schedulers_of(kind: str, length: int) -> List[dict]:
    """A schedule with warm-up for a run of some length."""
    warm_up = dict(type='LinearLR', start_factor=0.1, begin=0, end=4)
    return [warm_up, *{
        'steps': [dict(type='MultiStepLR', milestones=[length // 2, length - 2], gamma=0.1)],
        'cosine': [dict(type='CosineAnnealingLR', T_max=length - 4, begin=4, end=length,
                        eta_min=1e-4)],
        'poly': [dict(type='PolyLR', power=0.9, begin=4, end=length)],
        'momentum': [dict(type='CosineAnnealingMomentum', T_max=length, eta_min=0.5)],
        'weight decay': [dict(type='ConstantParamScheduler', param_name='weight_decay',
                              factor=0.5, end=5)],
        'epochs beside': [dict(type='StepLR', step_size=1, by_epoch=True)]}[kind]]


class Run:
    """An optimizer with several groups, and its schedulers, stepped as in a training."""

    def __init__(self, kind: str, length: int, lr: float = 0.1) -> None:
        weights = [nn.Parameter(torch.ones(2)) for _ in range(5)]
        groups = [dict(params=[weight], lr=lr * factor, weight_decay=decay)
                  for weight, factor, decay in zip(weights, (1, 0.1, 1, 0.1, 1),
                                                   (0.05, 0.05, 0, 0.05, 0.05))]
        self.optimizer = OptimWrapper(torch.optim.AdamW(groups, lr=lr))
        self.schedulers = [PARAM_SCHEDULERS.build(
            dict(dict(by_epoch=False), **cfg), default_args=dict(optimizer=self.optimizer))
            for cfg in schedulers_of(kind, length)]

    def go(self, steps: int) -> 'Run':
        for _ in range(steps):
            self.optimizer.optimizer.step()
            for scheduler in self.schedulers:
                if not scheduler.by_epoch:
                    scheduler.step()
        return self

    def numbers(self) -> list:
        """All numbers of groups and schedulers."""
        return [[{key: value for key, value in group.items() if key != 'params'}
                 for group in self.optimizer.param_groups],
                [scheduler.state_dict() for scheduler in self.schedulers]]


@pytest.mark.parametrize('kind', ['steps', 'cosine', 'poly', 'momentum', 'weight decay',
                                  'epochs beside'])
@pytest.mark.parametrize('steps, before, length', [(7, 20, 20), (7, 10, 20), (10, 10, 30),
                                                   (15, 20, 16)])
def test_a_resumed_run_has_the_numbers_of_its_own_length(kind, steps, before, length) -> None:
    stopped, resumed = Run(kind, before, lr=0.3).go(steps), Run(kind, length)
    schedule = ScheduleReplay(resumed.schedulers, resumed.optimizer)
    # What a checkpoint brings.
    resumed.optimizer.load_state_dict(copy.deepcopy(stopped.optimizer.state_dict()))
    for scheduler, other in zip(resumed.schedulers, stopped.schedulers):
        scheduler.load_state_dict(copy.deepcopy(other.state_dict()))
    schedule.apply(steps)
    whole = Run(kind, length).go(steps)
    assert resumed.numbers() == whole.numbers()
    assert resumed.go(5).numbers() == whole.go(5).numbers()
