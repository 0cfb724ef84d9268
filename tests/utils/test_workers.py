"""Workers end with the main process and outlive a signal that is meant for it."""

import os
import signal
import time

import pytest
from torch.utils.data import DataLoader, Dataset

from mmssis.utils.workers import guard_workers


class Pids(Dataset):
    """Each item is the process that reads it."""

    def __len__(self):
        return 1000

    def __getitem__(self, index):
        return os.getpid(), b'x' * 100000


def start_loader(pipe):
    """In a child: tell the pids of two workers, then wait with full queues as a busy step does."""
    loader = DataLoader(Pids(), batch_size=None, num_workers=2)
    guard_workers(loader)
    iterator = iter(loader)
    workers = {next(iterator)[0] for _ in range(4)}
    os.write(pipe, ' '.join(map(str, workers)).encode())
    time.sleep(60)


def is_running(pid):
    try:
        with open(f'/proc/{pid}/stat') as file:
            return file.read().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_the_main_process_only(number):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        start_loader(write)
        os._exit(0)
    workers = [int(pid) for pid in os.read(read, 100).split()]
    for pid in workers:
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGTERM)
    time.sleep(0.5)
    assert len(workers) == 2 and all(map(is_running, workers))
    os.kill(child, number)
    os.waitpid(child, 0)
    deadline = time.monotonic() + 20
    while any(map(is_running, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_running, workers))
