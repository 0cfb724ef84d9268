"""Processes of a data loader that end when the main one does, and not before."""

import ctypes
import signal
import sys
from functools import partial
from types import FrameType
from typing import Callable, Optional

from torch.utils.data import DataLoader

_PR_SET_PDEATHSIG = 1


def guard_workers(dataloader: DataLoader) -> None:
    """Let the processes of a data loader outlive a signal to all and no end of the main process.

    Ctrl-C, a scheduler and a container send their signal to every process. A main process that
    still finishes its step then needs its workers. Without this, torch's workers also stay for good
    when the main process is ended by a signal while they hold a finished batch.

    Args:
        dataloader: changed in place, before its processes start.
    """
    dataloader.worker_init_fn = partial(_start_worker, dataloader.worker_init_fn)


def _start_worker(init: Optional[Callable[[int], None]], worker_id: int) -> None:
    """Set the signals of a worker, in that process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _outlive_once)
    if sys.platform.startswith('linux'):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if init is not None:
        init(worker_id)


def _outlive_once(number: int, frame: Optional[FrameType]) -> None:
    """The first SIGTERM may be meant for the whole run; the next is torch's, for this worker."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
