"""The rank that keeps the others waiting is named, and nobody else is blamed."""

import logging
import os
import signal
import time

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from mmssis.engine import rank_watch
from mmssis.engine.rank_watch import Place, RankWatch

pytestmark = [pytest.mark.slow, pytest.mark.ddp]
TIMEOUT = 2


def fail(fault, rank, watch, at):
    """What goes wrong in or after iteration 2."""
    if (fault, rank, at) == ('stopped', 1, Place.IN_STEP):
        os.kill(os.getpid(), signal.SIGSTOP)
    if (fault, rank, at) == ('killed', 1, Place.AFTER_STEP):
        os.kill(os.getpid(), signal.SIGKILL)
    if (fault, rank, at) == ('storage', 1, Place.AFTER_STEP):
        time.sleep(60)
    if (fault, at) == ('evaluation', Place.AFTER_STEP):
        watch.mark(2, Place.VALIDATION)
        time.sleep(0 if rank else 2 * TIMEOUT)


def be_rank(rank, fault, folder):
    """A training without a model: only the collectives of its steps."""
    rank_watch.GRACE = 1
    logger = logging.getLogger('rank_watch_test')
    logger.addHandler(logging.FileHandler(f'{folder}/log{rank}'))
    dist.init_process_group(
        'gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)
    watch = RankWatch(TIMEOUT, logger)
    watch.start()
    for iteration in (1, 2, 3):
        for place in (Place.IN_STEP, Place.AFTER_STEP):
            watch.mark(iteration, place)
            if iteration == 2:
                fail(fault, rank, watch, place)
            if place == Place.IN_STEP:
                try:
                    dist.all_reduce(torch.ones(3))
                except RuntimeError:
                    time.sleep(60)  # NCCL would wait as well.
    watch.leave()
    os._exit(0)


@pytest.mark.parametrize('fault, message', [
    ('stopped', 'Rank 1 gave no sign of life for 2 s, about iteration 2'),
    ('killed', 'Rank 1 has ended or cannot be reached any more, about iteration'),
    ('storage', 'The others wait for rank 1. It has been between iteration 2 and its batch of'),
    ('evaluation', None)])
def test_the_rank_is_named(tmp_path, fault, message):
    context = mp.start_processes(be_rank, (fault, str(tmp_path)), nprocs=2, join=False,
                                 start_method='fork')
    first, second = context.processes
    try:
        first.join(60)
        assert first.exitcode == (0 if message is None else 1)
        log = (tmp_path / 'log0').read_text()
        assert log == '' if message is None else message in log
        assert fault != 'storage' or 'time.sleep(60)' in (tmp_path / 'log1').read_text()
    finally:
        for process in (first, second):
            process.kill()
            process.join()
