"""Validation of teacher and student with a real Runner and a model of one number."""

from unittest.mock import MagicMock

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset

import mmssis.engine.hooks  # noqa: F401
from mmssis.engine.runner import SemiValLoop

BURN_IN = 2


class Samples(Dataset):
    """Three samples."""

    metainfo = dict(classes=('cat',))

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return torch.ones(1)


class TwoNumbers(BaseModel):
    """The student learns, the teacher stays; prediction tells which of the two predicts."""

    def __init__(self):
        super().__init__()
        self.student, self.teacher = nn.Linear(1, 1), nn.Linear(1, 1)
        self.predict_on, self.steps = 'teacher', 0

    @property
    def in_burn_in(self):
        return self.steps <= BURN_IN

    def forward(self, inputs=None, mode='tensor'):
        if mode == 'loss':
            self.steps += 1
            return dict(loss=self.student(torch.ones(1, 1)).sum())
        return [dict(value=dict(teacher=1., student=2.)[self.predict_on])]

    def train_step(self, data, optim_wrapper):
        return super().train_step(dict(inputs=data), optim_wrapper)

    def val_step(self, data):
        return self(mode='predict')


class Mean(BaseMetric):
    """Mean of what was predicted, and how many predictions there were."""

    default_prefix = 'toy'

    def process(self, data_batch, data_samples):
        self.results += [sample['value'] for sample in data_samples]

    def compute_metrics(self, results):
        return dict(mAP=sum(results) / len(results), count=len(results))


class Spy(Hook):
    """Remembers the calls of a validation."""

    def __init__(self):
        self.calls, self.metrics = [], []

    def before_val(self, runner):
        self.calls.append('before_val')

    def after_val_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.calls.append(runner.model.predict_on)

    def after_val_epoch(self, runner, metrics=None):
        self.calls.append('after_val_epoch')
        self.metrics.append(metrics)


@pytest.fixture
def make_runner(tmp_path, request):
    def build(spy=None, save_best=None, **val_cfg):
        loader = dict(batch_size=1, num_workers=0, collate_fn=dict(type='default_collate'))
        return Runner(
            TwoNumbers(), str(tmp_path),
            train_dataloader=dict(
                dataset=Samples(), sampler=dict(type='InfiniteSampler'), **loader),
            val_dataloader=dict(
                dataset=Samples(), sampler=dict(type='DefaultSampler', shuffle=False), **loader),
            train_cfg=dict(type='IterBasedTrainLoop', max_iters=4, val_interval=2),
            val_cfg=dict(type='SemiValLoop', **val_cfg), val_evaluator=[Mean()],
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=.1)),
            default_hooks=dict(checkpoint=dict(
                type='CheckpointHook', interval=10, save_best=save_best, by_epoch=False)),
            custom_hooks=[spy] if spy else None, default_scope='mmdet',
            experiment_name=f'{request.node.name}{id(spy)}{val_cfg}', cfg=ConfigDict())
    return build


def test_burn_in_evaluates_once_then_both(make_runner, tmp_path):
    spy = Spy()
    runner = make_runner(spy, save_best='teacher/toy/mAP')
    runner.train()
    once = ['before_val'] + ['student'] * 3 + ['after_val_epoch']
    both = ['before_val'] + ['student'] * 3 + ['teacher'] * 3 + ['after_val_epoch']
    assert spy.calls == once + both
    assert spy.metrics == [
        {'teacher/toy/mAP': 2., 'teacher/toy/count': 3,
         'student/toy/mAP': 2., 'student/toy/count': 3},
        {'teacher/toy/mAP': 1., 'teacher/toy/count': 3,
         'student/toy/mAP': 2., 'student/toy/count': 3}]
    assert [path.name for path in tmp_path.glob('best*')] == ['best_teacher_toy_mAP_iter_2.pth']


def test_gap_2_30_predict_on_is_given_back_and_metrics_are_returned(make_runner):
    runner = make_runner()
    for chosen in ('teacher', 'student'):
        runner.model.predict_on = chosen
        metrics = runner.val()
        assert runner.model.predict_on == chosen
        assert metrics['teacher/toy/mAP'] == 1. and metrics['student/toy/mAP'] == 2.
    runner.model.val_step = MagicMock(side_effect=OSError('unreadable'))
    with pytest.raises(OSError):
        runner.val()
    assert runner.model.predict_on == 'student'


def test_one_of_the_two(make_runner):
    metrics = make_runner(predict_on='teacher').val()
    assert set(metrics) == {'teacher/toy/mAP', 'teacher/toy/count'}
    assert set(make_runner(predict_on=['student']).val()) == {'student/toy/mAP',
                                                              'student/toy/count'}


def test_the_first_named_is_evaluated_last_so_that_its_pictures_stay(make_runner):
    spy = Spy()
    make_runner(spy, predict_on=['student', 'teacher']).val()
    assert spy.calls[1:7] == ['teacher'] * 3 + ['student'] * 3


def test_other_names_are_refused(make_runner):
    runner = make_runner()
    for names in ([], ['ema'], ['teacher', 'teacher']):
        with pytest.raises(ValueError, match='val_cfg.predict_on'):
            SemiValLoop(runner, runner._val_dataloader, runner._val_evaluator, predict_on=names)


def test_fp16_predicts_under_autocast(make_runner):
    runner = make_runner(fp16=True)
    seen = []
    predict = runner.model.val_step

    def watched(data):
        seen.append(torch.is_autocast_cpu_enabled())
        return predict(data)

    runner.model.val_step = watched
    runner.val()
    assert len(seen) == 6 and all(seen)
