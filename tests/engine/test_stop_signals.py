"""A signal ends a training where it can go on exactly."""

import os
import signal

import pytest
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from test_resume import assert_same_state
from toy import toy_config

from mmssis.engine import stop_signals
from mmssis.engine.resume import checkpoints_of, find_resumable_checkpoint
from mmssis.engine.stop_signals import StoppedBySignal, StopSignals

MAX_ITERS, VAL_INTERVAL = 6, 3


class Kill(Hook):
    """Send a signal to this process in an iteration or in its validation, and note validations."""

    def __init__(self, moment='never', iteration=0, number=signal.SIGTERM):
        self.moment, self.iteration, self.number = moment, iteration, number
        self.validated = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if (self.moment, self.iteration) == ('step', runner.iter + 1):
            os.kill(os.getpid(), self.number)

    def after_val_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if (self.moment, self.iteration) == ('validation', runner.iter):
            os.kill(os.getpid(), self.number)

    def after_val_epoch(self, runner, metrics=None):
        self.validated.append(runner.iter)


def train(root, name, kill, counts, resume=False):
    config = toy_config(root, max_iters=MAX_ITERS, burn_in=1, val=True,
                        write=not (root / 'labeled').exists())
    config.update(work_dir=str(root / name), experiment_name=f'{name}-{resume}', resume=resume,
                  load_from=find_resumable_checkpoint(root / name) if resume else None)
    config['optim_wrapper']['accumulative_counts'] = counts
    config['train_cfg']['val_interval'] = VAL_INTERVAL
    config['default_hooks']['checkpoint']['backend_args'] = dict(backend='atomic')
    runner = Runner.from_cfg(Config(config, format_python_code=False))
    runner.register_hook(kill)
    runner.train()
    return kill.validated


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """Folders of uninterrupted runs, by the steps between two updates."""
    roots = {counts: tmp_path_factory.mktemp(f'whole{counts}') for counts in (1, 2)}
    for counts, root in roots.items():
        assert train(root, 'whole', Kill(), counts) == [3, 6]
    return roots


@pytest.mark.slow
@pytest.mark.parametrize('moment, iteration, counts, number, stops_after, validated', [
    pytest.param('step', 2, 1, signal.SIGINT, 2, [], id='in_a_step'),
    pytest.param('step', 1, 2, signal.SIGTERM, 2, [], id='gradients_are_accumulated_first'),
    pytest.param('step', 3, 1, signal.SIGTERM, 3, [], id='before_a_validation_that_is_made_up_for'),
    pytest.param('validation', 3, 1, signal.SIGTERM, 3, [], id='in_a_validation'),
    pytest.param('step', 6, 1, signal.SIGTERM, 6, [3], id='in_the_last_step'),
])
def test_stops_with_a_checkpoint_and_resumes_exactly(
        whole, moment, iteration, counts, number, stops_after, validated):
    root, name = whole[counts], f'{moment}{iteration}{number}'
    kill = Kill(moment, iteration, number)
    with pytest.raises(StoppedBySignal) as stop:
        train(root, name, kill, counts)
    assert stop.value.code == 128 + number
    assert [path.name for path in checkpoints_of(root / name)] == [f'iter_{stops_after}.pth']
    assert find_resumable_checkpoint(root / name) == str(root / name / f'iter_{stops_after}.pth')
    assert kill.validated == validated
    assert validated + train(root, name, Kill(), counts, resume=True) == [3, 6]
    assert_same_state(root / 'whole/iter_6.pth', root / name / 'iter_6.pth')
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


@pytest.mark.parametrize('later, ends', [
    pytest.param(0.1, False, id='torchrun_passes_on_what_all_have_got'),
    pytest.param(5.0, True, id='the_user_insists')])
def test_a_second_signal(monkeypatch, later, ends):
    now, sent = [0.0], []
    monkeypatch.setattr(stop_signals.time, 'monotonic', lambda: now[0])
    with StopSignals() as signals:
        os.kill(os.getpid(), signal.SIGINT)
        assert signals.agreed() == signal.SIGINT
        monkeypatch.setattr(stop_signals.os, 'kill', lambda pid, number: sent.append(number))
        now[0] = later
        signal.raise_signal(signal.SIGINT)
    assert sent == ([signal.SIGINT] if ends else [])
