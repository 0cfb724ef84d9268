"""The stages of a run, and the time that is left, by hand."""

import math

import pytest

from mmssis.engine.terminal.clock import RunClock
from mmssis.engine.terminal.stages import PSEUDO, SUPERVISED, Rest, Stages

SEMI = Stages(max_iters=10, burn_in=4, val_interval=4, branches=2)


@pytest.mark.parametrize('stages, done, validated, rest', [
    (SEMI, 0, False, Rest(4, 6, 1 + 2 + 2)),
    # The validation after update 4 is still to come, then it is done.
    (SEMI, 4, False, Rest(0, 6, 1 + 2 + 2)),
    (SEMI, 4, True, Rest(0, 6, 2 + 2)),
    # The last update is followed by a validation whatever the interval.
    (SEMI, 9, False, Rest(0, 1, 2)),
    (SEMI, 10, True, Rest(0, 0, 0)),
    (Stages(max_iters=10, burn_in=10), 3, False, Rest(7, 0, 0)),
    (Stages(max_iters=10, burn_in=0, val_interval=4, val_begin=5), 2, False, Rest(0, 8, 2)),
    (Stages(max_iters=3, burn_in=0, val_interval=50), 0, False, Rest(0, 3, 1)),
], ids=['all', 'before-validation', 'after-validation', 'last', 'finished', 'supervised',
        'val-begin', 'interval-beyond-the-end'])
def test_what_is_left(stages, done, validated, rest):
    assert stages.rest(done, validated) == rest


def test_phases_change_after_burn_in():
    assert [SEMI.phase(update) for update in (1, 4, 5)] == [SUPERVISED, SUPERVISED, PSEUDO]
    assert SEMI.ending_burn_in(2).phase(3) == PSEUDO


@pytest.mark.parametrize('stages, words', [
    (SEMI, 'supervised until 4 (burn-in), then pseudo labels until 10; validation every 4 updates'),
    (Stages(10, burn_in=math.inf, measured_every=5), 'supervised until the labels of the teacher '
     'are good enough (burn-in, measured every 5 updates), then pseudo labels until 10; no '
     'validation'),
    (Stages(10, burn_in=7, measured_every=5), 'supervised until 7 (burn-in), then pseudo labels '
     'until 10; no validation'),
    (Stages(10, burn_in=10), 'supervised until 10; no validation'),
    (Stages(10, burn_in=0), 'pseudo labels until 10; no validation'),
], ids=['fixed', 'open', 'ended-itself', 'baseline', 'no-burn-in'])
def test_stages_in_words(stages, words):
    assert str(stages) == words


class Time:
    """A clock that is moved by hand."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def world():
    """A clock of a run, and a function that lets seconds pass."""
    time = Time()
    clock = RunClock(time)
    clock.begin()

    def after(seconds, event, *args):
        time.now += seconds
        getattr(clock, event)(*args)

    return clock, after


def test_time_left_counts_each_phase_and_validations(world):
    clock, after = world
    after(100, 'update_ends', SUPERVISED)  # with the start of workers
    after(2, 'update_ends', SUPERVISED)
    assert clock.per_update(SUPERVISED) == 2
    left = clock.left(SEMI, 2, False)
    assert left.most == 2 * 2 + 6 * 2.5 * 2 and left.guessed and not left.counts_validation
    assert str(left) == 'about 00:34 and validation'
    after(2, 'update_ends', SUPERVISED)
    after(2, 'update_ends', SUPERVISED)
    after(7, 'validation_ends', 1)
    for _ in range(3):
        after(3, 'update_ends', PSEUDO)
    left = clock.left(SEMI, 7, False)
    assert left.most == left.least == 3 * 3 + 4 * 7 and str(left) == '00:37'


def test_an_open_burn_in_has_two_times(world):
    clock, after = world
    after(2, 'update_ends', SUPERVISED)
    left = clock.left(Stages(61, burn_in=math.inf, measured_every=5), 1, True)
    assert (left.least, left.most) == (60 * 2, 60 * 5) and str(left) == 'about 02:00 to 05:00'


def test_a_resumed_run_knows_no_time_before_its_first_update(world):
    clock, after = world
    after(5, 'validation_ends', 2)  # the one that its checkpoint does not know of
    assert clock.left(SEMI, 8, True) is None
    after(3, 'update_ends', PSEUDO)
    assert clock.left(SEMI, 9, False).most == 3 + 2 * 2.5
    assert clock.left(SEMI, 10, True).most == 0
