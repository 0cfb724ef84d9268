"""SIGTERM and SIGINT end a training at a place from which it can go on exactly."""

import os
import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Dict, Optional

import torch
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner
from torch import distributed

SIGNALS = (signal.SIGTERM, signal.SIGINT)
SAME_SECONDS = 3.0
"""Signals this close together are one: torchrun passes on what its ranks have got already."""

BATCHES_BETWEEN_MEETINGS = 10


class StoppedBySignal(SystemExit):
    """The training ended after a signal; the exit status is 128 + its number on every rank.

    Args:
        number: the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number


class ValidationStopped(Exception):
    """A validation is left unfinished; on all ranks at the same batch."""


class StopSignals:
    """Remember a signal while a training runs; a context manager.

    Before and after, a signal has its usual effect. A second one, three seconds later or more,
    ends the process at once.
    """

    def __init__(self) -> None:
        self._received = 0
        self._at = 0.0
        self._previous: Dict[int, object] = {}
        self._group: Optional[distributed.ProcessGroup] = None

    def agreed(self) -> int:
        """Ask all ranks, which call this together; 0.1 ms for two ranks of one machine.

        Returns:
            The number of a signal that one of them got, 0 if there is none.
        """
        if self._group is None:
            return self._received
        number = torch.tensor(self._received)
        distributed.all_reduce(number, distributed.ReduceOp.MAX, self._group)
        return int(number)

    def least(self, value: int) -> int:
        """The least of a number over all ranks, which call this together."""
        if self._group is None:
            return value
        number = torch.tensor(value)
        distributed.all_reduce(number, distributed.ReduceOp.MIN, self._group)
        return int(number)

    def __enter__(self) -> 'StopSignals':
        if get_world_size() > 1:
            # Host memory: the accelerator is not waited for.
            self._group = distributed.new_group(backend='gloo')
        # Python lets only the main thread set handlers.
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._handle) for number in SIGNALS}
        return self

    def __exit__(self, kind: Optional[type], error: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: Optional[FrameType]) -> None:
        """Remember the signal, or end at once."""
        now = time.monotonic()
        if not self._received:
            self._received, self._at = number, now
            # `print` may be what was interrupted.
            os.write(2, f'\n{signal.Signals(number).name}: stopping after this step, with a '
                     'checkpoint. Another signal ends the run at once.\n'.encode())
        elif now - self._at >= SAME_SECONDS:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


class ValidationStopHook(Hook):
    """Leave a validation after a batch, once a signal has come.

    Ranks meet at every tenth batch, so that they do not have to wait for each other at each.

    Args:
        signals: of the training.
    """

    def __init__(self, signals: StopSignals) -> None:
        self._signals = signals
        self._batches = 0

    def before_val(self, runner: Runner) -> None:
        """Count the batches that every rank has."""
        self._batches = self._signals.least(len(runner.val_dataloader))

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: DATA_BATCH = None,
                       outputs: Optional[list] = None) -> None:
        """Stop if a rank got a signal.

        Raises:
            ValidationStopped: on all ranks.
        """
        alone = get_world_size() == 1
        meet = batch_idx < self._batches and batch_idx % BATCHES_BETWEEN_MEETINGS == 0
        if (alone or meet) and self._signals.agreed():
            raise ValidationStopped
