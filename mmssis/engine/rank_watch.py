"""A thread on every rank that finds out whom the others wait for."""

import atexit
import os
import sys
import threading
import time
import traceback
from contextlib import suppress
from datetime import timedelta
from enum import IntEnum
from logging import Logger
from typing import List

import torch
from torch import Tensor, distributed

GRACE = 10.0
"""Seconds in which a rank may end by its own error once another has ended."""


class Place(IntEnum):
    """Where the main thread of a rank is; of one iteration, a later place has a larger number."""

    IN_STEP = 0
    AFTER_STEP = 1
    VALIDATION = 2
    FINISHED = 3
    FAILED = 4
    GONE = 5
    """The connection to the process is lost."""
    SILENT = 6
    """The process does not answer in time."""


class RankWatch(threading.Thread):
    """Compare where all ranks are, every few seconds; end this process if nothing moves any more.

    The main thread of a rank that waits for another one inside a collective cannot be interrupted,
    and the collective's own time-out names nobody. This thread sends its place to the one of rank 0
    over a gloo group of its own and gets the places of all: a stopped process does not send, and
    one that hangs is the one whose place is the earliest.

    Args:
        timeout: seconds without progress after which a rank is named.
        logger: gets the message of rank 0, or of the others if rank 0 is the one at fault.
    """

    def __init__(self, timeout: float, logger: Logger) -> None:
        super().__init__(name='rank-watch', daemon=True)
        self._timeout = timeout
        self._interval = min(timeout / 4, 5.0)
        self._logger = logger
        self._rank, self._size = distributed.get_rank(), distributed.get_world_size()
        # Rank 0 waits for the others, who wait for rank 0's answer.
        self._patience = timeout + (GRACE if self._rank else 0)
        self._group = distributed.new_group(
            backend='gloo', timeout=timedelta(seconds=self._patience))
        self._place = (0, Place.VALIDATION, time.monotonic())
        self._leaving = threading.Event()
        atexit.register(self.leave, Place.FAILED)

    def mark(self, iteration: int, place: Place) -> None:
        """Say where the main thread is; takes a microsecond.

        Args:
            iteration: the one that runs or ran last, from 1; 0 before the first.
            place: where in it.
        """
        self._place = (iteration, place, time.monotonic())

    def refresh(self) -> None:
        """Count the time without progress from now on."""
        self.mark(*self._place[:2])

    def leave(self, place: Place = Place.FINISHED) -> None:
        """Tell the others that this rank ends, and how; wait for them if all is well.

        Args:
            place: ``FINISHED`` or ``FAILED``.
        """
        atexit.unregister(self.leave)
        self.mark(self._place[0], place)
        self._leaving.set()
        if self.is_alive():
            self.join(None if place == Place.FINISHED else 2 * self._interval)

    def run(self) -> None:
        """Meet the others until all have finished or one is in trouble."""
        while True:
            table = self._meet()
            places = [row[1] for row in table]
            if all(place == Place.FINISHED for place in places):
                return
            for fault in (Place.SILENT, Place.GONE, Place.FAILED):
                if fault in places:
                    return self._report(fault, places.index(fault))
            if Place.VALIDATION not in places:
                self._find_late_rank(table)
            self._leaving.wait(self._interval)

    def _meet(self) -> List[List[int]]:
        """Iteration, place and milliseconds since the last progress, of every rank."""
        iteration, place, since = self._place
        table = torch.zeros(self._size, 3, dtype=torch.long)
        table[self._rank] = torch.tensor([iteration, place, 1000 * (time.monotonic() - since)])
        started = time.monotonic()
        if self._rank:
            try:
                distributed.send(table[self._rank].clone(), 0, self._group)
                self._receive(table, 0, started)
            except RuntimeError:
                self._note_absence(table[0], started)
            return table.tolist()
        for rank in range(1, self._size):
            try:
                self._receive(table[rank], rank, started)
            except RuntimeError:
                self._note_absence(table[rank], started)
        for rank in range(1, self._size):
            with suppress(RuntimeError):
                distributed.send(table, rank, self._group)
        return table.tolist()

    def _receive(self, values: Tensor, rank: int, started: float) -> None:
        """Receive from a rank within the time of this meeting."""
        left = max(started + self._patience - time.monotonic(), 0.1)
        distributed.irecv(values, rank, self._group).wait(timedelta(seconds=left))

    def _note_absence(self, row: Tensor, started: float) -> None:
        """Tell a rank that does not answer from one that is gone."""
        late = time.monotonic() - started > self._patience - 0.5
        row.copy_(torch.tensor([0, Place.SILENT if late else Place.GONE, 0]))

    def _find_late_rank(self, table: List[List[int]]) -> None:
        """End the run if those who are behind have stood still for too long."""
        first = min((row[0], row[1]) for row in table)
        behind = [rank for rank, row in enumerate(table) if (row[0], row[1]) == first]
        still = min(table[rank][2] for rank in behind) / 1000
        if first[1] == Place.FINISHED or still < self._timeout:
            return
        where = (f'inside iteration {first[0]}' if first[1] == Place.IN_STEP else
                 f'between iteration {first[0]} and its batch of iteration {first[0] + 1}')
        who = ('Every rank has' if len(behind) == self._size else
               f'The others wait for rank {", ".join(map(str, behind))}. It has')
        message = (
            f'{who} been {where} for {still:.0f} s. Look at the storage, the data loading '
            'processes and the machine of that rank; if it is only slow, raise '
            'default_hooks.rank_watch.timeout.')
        if self._rank in behind:
            frame = sys._current_frames()[threading.main_thread().ident]
            message += f' Rank {self._rank} stands here:\n' + ''.join(
                traceback.format_stack(frame)[-6:])
        self._end(message, say=self._rank == 0 or self._rank in behind)

    def _report(self, fault: Place, rank: int) -> None:
        """End the run because of a rank that is not there any more."""
        iteration = self._place[0]
        say = 0 in (self._rank, rank)
        if fault == Place.SILENT:
            return self._end(
                f'Rank {rank} gave no sign of life for {self._patience:.0f} s, about iteration '
                f'{iteration}. Its process is stopped, its machine is overloaded or cut off, or it '
                'spent all that time in one call that lets no thread run; then raise '
                'default_hooks.rank_watch.timeout.', say)
        how = ('ended with an error' if fault == Place.FAILED else
               'has ended or cannot be reached any more')
        # It may end by an error of its own, as after a batch that no rank can use.
        if not self._leaving.wait(GRACE):
            self._end(
                f'Rank {rank} {how}, about iteration {iteration}, and this one waited for it in '
                'vain. Its own output, the launcher or the system log (out of memory?) says why.',
                say)

    def _end(self, message: str, say: bool) -> None:
        """End the process: its main thread waits inside a collective."""
        if say:
            # Not by this thread: the main one may hold the logger while its disk hangs.
            writer = threading.Thread(target=self._logger.critical, args=(message,), daemon=True)
            writer.start()
            writer.join(5)
        sys.stderr.flush()
        os._exit(1)
