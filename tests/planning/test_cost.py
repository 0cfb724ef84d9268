"""A measured cost in words."""

import pytest

from mmssis.planning.cost import Cost, duration, told


@pytest.mark.parametrize('seconds, words', [
    (0, '0 s'), (50, '50 s'), (120, '2 min'), (3570, '1 h 0 min'), (4200, '1 h 10 min')])
def test_durations_in_words(seconds, words):
    assert duration(seconds) == words


def test_a_cost_in_words():
    text = told(Cost(2.52, 4.2, 2_100_000_000, 0.99), 2000, None)
    assert text.splitlines() == [
        '1,000 updates: about 42 min (burn-in) to 1 h 10 min (with pseudo labels); 2.1 GB of main '
        'memory.', 'All 2,000 updates: up to 2 h 20 min, validation not counted.']


@pytest.mark.parametrize('gpu, processor, is_said', [
    pytest.param(None, 0.25, True, id='a busy processor'),
    pytest.param(None, 1.9, False, id='two threads'),
    pytest.param('some GPU', 0.25, False, id='a GPU works meanwhile'),
])
def test_a_process_that_waited(gpu, processor, is_said):
    text = told(Cost(1, 1, 10**9, processor), 2000, gpu)
    assert ('kept it waiting' in text) == is_said
    assert (gpu or 'main memory') in text
