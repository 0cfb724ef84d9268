"""A run goes on exactly, from the newest checkpoint that fits, or not at all."""

import shutil
from pathlib import Path
from typing import Any, Callable

import pytest
import torch
from mmengine.config import Config
from test_resume import assert_same_state
from toy import toy_config, toy_detector

from mmssis.engine.checkpoint import CheckpointError
from mmssis.engine.checkpoint_rules import check_checkpoint_interval
from mmssis.engine.runner import ResumableRunner

HOOKS = dict(adaptive=dict(type='AdaptiveThresholdFilter', num_classes=3, class_range=(0.0, 0.5),
                           mask_range=(0.0, 0.6), momentum=0.5, min_area=0))


def run(root: Path, work_dir: Path, max_iters: int = 4, **changes: Any) -> ResumableRunner:
    """Train the toy with a checkpoint after each iteration; the rate falls before the end."""
    config = Config(toy_config(root, max_iters=max_iters, burn_in=1, hooks=HOOKS,
                               write=not (root / 'labeled').exists()))
    config.work_dir = str(work_dir)
    config.default_hooks.checkpoint.interval = 1
    config.param_scheduler = [
        dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=2),
        dict(type='MultiStepLR', milestones=[max_iters - 1], by_epoch=False, end=max_iters)]
    config.merge_from_dict(changes)
    runner = ResumableRunner.from_cfg(config)
    runner.train()
    return runner


@pytest.fixture(scope='module')
def world(tmp_path_factory) -> Path:
    """Four iterations in ``whole``."""
    root = tmp_path_factory.mktemp('world')
    torch.set_num_threads(1)
    run(root, root / 'whole')
    return root


@pytest.fixture
def started(world: Path, tmp_path: Path) -> Path:
    """A copy of the run that was stopped after two iterations; its pointer names the original."""
    for number in (1, 2):
        shutil.copy(world / f'whole/iter_{number}.pth', tmp_path)
    (tmp_path / 'last_checkpoint').write_text(str(world / 'whole/iter_4.pth'))
    return tmp_path


def change(path: Path, how: Callable[[dict], None]) -> None:
    content = torch.load(path, weights_only=False)
    how(content)
    torch.save(content, path)


class Evil:
    def __reduce__(self) -> tuple:
        return exec, ('raise SystemExit("the code of a checkpoint ran")', )


def test_the_newest_that_fits_is_taken_with_a_word(world, started, capsys) -> None:
    shutil.copy(started / 'iter_2.pth', started / 'iter_3.pth')
    change(started / 'iter_3.pth', lambda content: content.update(zz=Evil()))
    change(started / 'iter_2.pth', lambda content: content.pop('optimizer'))
    run(world, started, resume=True)
    said = capsys.readouterr().out
    assert 'iter_3.pth: it was refused' in said and 'exec, which is no plain data' in said
    assert 'iter_2.pth: it does not hold what this run needs to go on exactly: optimizer' in said
    assert f'that is whole and fits, {started / "iter_1.pth"}' in said
    assert 'Resumed with another setting' not in said
    assert_same_state(world / 'whole/iter_4.pth', started / 'iter_4.pth')


def test_a_longer_run_has_the_rates_of_its_length(world, tmp_path, capsys) -> None:
    run(world, tmp_path / 'short', 3)
    run(world, tmp_path / 'long', 5)
    # Its rate fell after the second iteration, that of the longer one after the fourth.
    (tmp_path / 'short/iter_3.pth').unlink()
    run(world, tmp_path / 'short', 5, resume=True)
    assert_same_state(tmp_path / 'long/iter_5.pth', tmp_path / 'short/iter_5.pth')
    assert "param_scheduler[1].milestones[0]: 4 now, 2 in the checkpoint's run" in (
        capsys.readouterr().out)


def test_settings_of_the_config_hold_and_are_named(world, started, capsys) -> None:
    rate = {'optim_wrapper.optimizer.lr': 0.5, 'optim_wrapper.optimizer.weight_decay': 0.25}
    runner = run(world, started, resume=True, **{'randomness.seed': 7, **rate})
    said = capsys.readouterr().out
    group = runner.optim_wrapper.param_groups[0]
    assert (group['initial_lr'], group['weight_decay'], runner.seed) == (0.5, 0.25, 7)
    assert 'optimizer.lr: 0.5 now, 0.001 in' in said and 'seed: 7 now, 0 in' in said


REFUSED = {
    'all have a fault': ({}, lambda folder: [change(folder / f'iter_{number}.pth', how) for (
        number, how) in ((1, lambda content: content.pop('meta')),
                         (2, lambda content: content['state_dict'].popitem()))],
        r'no checkpoint in .* is whole and fits:\n.*iter_2.pth.*does not fit the config \(1 w'
        r'[\s\S]*iter_1.pth: .* meta is missing'),
    'another number of classes': (
        {'model.detector.panoptic_head.num_things_classes': 5,
         'model.detector.panoptic_fusion_head.num_things_classes': 5,
         'model.detector.panoptic_head.loss_cls.class_weight': [1.0] * 6}, None,
        r'cls_embed.weight is \(4, 32\) in the checkpoint, \(6, 32\) in the config'),
    'a pointer elsewhere alone': ({}, lambda folder: [
        (folder / f'iter_{number}.pth').unlink() for number in (1, 2)],
        'names one of another folder: --resume .*whole/iter_4.pth'),
    'a folder of that name': ({}, lambda folder: (folder / 'iter_3.pth').mkdir(),
                              'iter_3.pth is a folder'),
    'a run that ends before': (dict(max_iters=1), None, 'iteration 2, .* end at 1. Give a sched'),
    'given and unfit': (dict(load_from='iter_1.pth'), lambda folder: change(
        folder / 'iter_1.pth', lambda content: content['optimizer'].pop('state')),
        'iter_1.pth: it does not hold .*: optimizer.state is missing'),
    'accumulation': ({'optim_wrapper.accumulative_counts': 2, 'checkpoint.interval': 3}, None,
                     'interval = 3 is no multiple of .*counts = 2.*Give 2 or 4'),
}


@pytest.mark.parametrize('name', REFUSED)
def test_what_cannot_go_on_is_refused_with_its_part(world, started, name) -> None:
    changes, damage, message = REFUSED[name]
    changes = dict(changes)
    if damage is not None:
        damage(started)
    if 'load_from' in changes:
        changes['load_from'] = str(started / changes['load_from'])
    if 'checkpoint.interval' in changes:
        changes['default_hooks.checkpoint.interval'] = changes.pop('checkpoint.interval')
    with pytest.raises(CheckpointError, match=message):
        run(world, started, resume=True, **changes)


def test_a_finished_run_says_so(world, started, capsys) -> None:
    run(world, started, 2, resume=True)
    assert 'iter_2.pth is at iteration 2 of 2: this run is finished' in capsys.readouterr().out


def test_no_text_of_a_checkpoint_is_run(world, started) -> None:
    code = 'raise SystemExit("the code of a checkpoint ran")'
    change(started / 'iter_2.pth', lambda content: (
        content['meta'].update(config=code),
        content['message_hub']['runtime_info'].update(cfg=code)))
    assert run(world, started, resume=True).iter == 4


def test_weights_to_begin_from_are_read_safely_and_must_fit(world, tmp_path) -> None:
    torch.save(dict(state_dict=dict(other=torch.ones(1))), tmp_path / 'other.pth')
    torch.save(dict(state_dict={}, zz=Evil()), tmp_path / 'evil.pth')
    for name, message in (('other', r'load_from = .*does not fit the config \(\d+ weights\)'),
                          ('evil', r'asks for \S*exec,'), ('gone', 'does not exist')):
        with pytest.raises(CheckpointError, match=message):
            run(world, tmp_path / 'run', load_from=str(tmp_path / f'{name}.pth'))
    detector = dict(toy_detector().to_dict(), init_cfg=None)
    evil = str(tmp_path / 'evil.pth')
    detector['backbone']['init_cfg'] = dict(type='Pretrained', checkpoint=evil)
    with pytest.raises(CheckpointError, match=r'asks for \S*exec,'):
        run(world, tmp_path / 'run', **{'model.detector': detector})


@pytest.mark.parametrize('interval, counts, fits', [
    (3, 1, True), (4, 2, True), (-1, 2, True), (3, 2, False), (1, 4, False)])
def test_checkpoints_lie_between_accumulation_periods(interval, counts, fits) -> None:
    cfg = Config(dict(optim_wrapper=dict(accumulative_counts=counts), default_hooks=dict(
        checkpoint=dict(by_epoch=False, interval=interval))))
    if fits:
        check_checkpoint_interval(cfg)
    else:
        with pytest.raises(CheckpointError, match='Give (2 or )?4'):
            check_checkpoint_interval(cfg)
