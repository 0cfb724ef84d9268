"""RankWatchHook in one process; tests/test_ddp.py has two."""

import pytest
from mmdet.registry import HOOKS


@pytest.mark.parametrize('timeout', [0, -1, float('nan')])
def test_refuses_no_time(timeout):
    with pytest.raises(ValueError, match='RankWatchHook in custom_hooks'):
        HOOKS.build(dict(type='RankWatchHook', timeout=timeout))


def test_one_process_waits_for_nobody():
    hook = HOOKS.build(dict(type='RankWatchHook'))
    hook.before_train(runner=None)
    hook.before_train_iter(runner=None, batch_idx=0)
