"""Run one input in a child process, and say what came of it."""

import gc
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Sequence

import numpy as np
import torch

RIGHT, REFUSED, BARE = 'right', 'refused clearly', 'bare traceback'
WRONG, HANG, CRASH = 'silently wrong', 'hang', 'crash'
OUTCOMES = (RIGHT, REFUSED, BARE, WRONG, HANG, CRASH)
SECONDS = 30
MORE_MEMORY = 4 * 2**30
# What a message ends with that was meant for a user; the class alone does not tell.
CLEAR = (ValueError, OSError, SystemExit, FloatingPointError)


class Result(NamedTuple):
    """What came of an input.

    Attributes:
        outcome: one of ``OUTCOMES``.
        detail: the message, or what is wrong.
    """

    outcome: str
    detail: str = ''


class WrongResult(Exception):
    """Accepted, but not what the input says."""


def run_in_child(function: Callable[[], None], names: Sequence[str]) -> Result:
    """Call a function in a forked process.

    Args:
        function: returns if the input was accepted with a right result, raises
            :class:`WrongResult` if it was accepted with a wrong one, and what the library raises.
        names: file names or keys of which a clear message has one.

    Returns:
        What came of it; a process that takes more than ``SECONDS`` is ended.
    """
    with tempfile.TemporaryFile() as answer:
        child = os.fork()
        if child == 0:
            _answer(function, names, answer)
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                break
            time.sleep(0.002)
        else:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return Result(HANG, f'still running after {SECONDS} s')
        answer.seek(0)
        content = answer.read()
    return Result(*json.loads(content)) if content else Result(CRASH, f'wait status {status}')


def _answer(function: Callable[[], None], names: Sequence[str], answer: Any) -> None:
    """The child: call the function, write the result, and end without any clean-up."""
    gc.disable()
    sys.stdout = sys.stderr = open(os.devnull, 'w')
    os.dup2(sys.stdout.fileno(), 1)
    os.dup2(sys.stdout.fileno(), 2)
    used = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MORE_MEMORY, ) * 2)
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(0)
    try:
        function()
        result = Result(RIGHT)
    except WrongResult as error:
        result = Result(WRONG, str(error))
    except BaseException as error:
        result = _judge(error, names)
    answer.write(json.dumps(result).encode())
    answer.flush()
    os._exit(0)


def _judge(error: BaseException, names: Sequence[str]) -> Result:
    """Whether an error is one for a user."""
    text = str(error)
    is_clear = (isinstance(error, CLEAR) and any(name in text for name in names)
                and 'Traceback' not in text)
    where = traceback.extract_tb(error.__traceback__)[-1]
    return Result(REFUSED if is_clear else BARE, f'{type(error).__name__}: {text[-400:]} '
                                                 f'[{Path(where.filename).name}:{where.lineno}]')


class Tally:
    """Outcomes of a family of inputs.

    Args:
        family: its name.
    """

    def __init__(self, family: str) -> None:
        self.family = family
        self.counts: Counter = Counter()
        self.bad: List[str] = []
        self.log: List[str] = []

    def add(self, label: str, result: Result) -> None:
        """Count an outcome; ``label`` describes the input."""
        self.counts[result.outcome] += 1
        self.log.append(f'{result.outcome}: {label} -> {result.detail}')
        if result.outcome not in (RIGHT, REFUSED):
            self.bad.append(self.log[-1])

    def check(self) -> None:
        """Fail unless nothing is silently wrong, hangs or crashes, and bare tracebacks are rare."""
        allowed = self.counts.total() // 100
        worst = self.counts[WRONG] + self.counts[HANG] + self.counts[CRASH]
        assert not worst and self.counts[BARE] <= allowed, '\n'.join(self.bad)


def table(tallies: Dict[str, Tally]) -> List[str]:
    """The tallies as lines of a Markdown table."""
    lines = ['| family | inputs | ' + ' | '.join(OUTCOMES) + ' |',
             '|---' * (len(OUTCOMES) + 2) + '|']
    for tally in tallies.values():
        cells = [tally.family, tally.counts.total(), *(tally.counts[name] for name in OUTCOMES)]
        lines.append('| ' + ' | '.join(map(str, cells)) + ' |')
    return lines
