"""How long updates and validations take, measured as a run goes."""

import time
from collections import deque
from typing import Callable, Deque, Dict, NamedTuple, Optional, Set

from tqdm import tqdm

from .stages import PSEUDO, SUPERVISED, Rest, Stages

DEARER = 2.5
"""Seconds of an update with pseudo labels over those of a supervised one, before one was seen."""

EVALUATION = 'evaluation'


class TimeLeft(NamedTuple):
    """Seconds that a run will still take.

    Attributes:
        least: if burn-in lasts to the end, where nobody knows when it ends.
        most: if it ends now; else the same number.
        guessed: whether a phase that was not seen was taken as :data:`DEARER` times the other.
        counts_validation: False while no validation was seen and there will be some.
    """

    least: float
    most: float
    guessed: bool
    counts_validation: bool

    def __str__(self) -> str:
        """As ``12:30``, ``about 12:30`` or ``12:30 to 25:00``."""
        least, most = map(tqdm.format_interval, (self.least, self.most))
        words = least if least == most else f'{least} to {most}'
        return (f'{"about " if self.guessed else ""}{words}'
                f'{"" if self.counts_validation else " and validation"}')


class RunClock:
    """Measure from one event to the next: updates of each phase, and evaluations.

    A checkpoint counts to the event that follows it. The first update of a phase starts workers
    and reserves memory; it is forgotten once there is a second one.

    Args:
        now: seconds of a clock that never goes back.
        window: number of updates whose mean counts.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic, window: int = 50) -> None:
        self._now = now
        self._seconds: Dict[str, Deque[float]] = {
            kind: deque(maxlen=window) for kind in (SUPERVISED, PSEUDO, EVALUATION)}
        self._warm: Set[str] = set()
        self._since: Optional[float] = None

    def begin(self) -> None:
        """Measure from now on, unless it does already."""
        if self._since is None:
            self._since = self._now()

    def update_ends(self, phase: str) -> None:
        """An update is done.

        Args:
            phase: of it.
        """
        seconds = self._seconds[phase]
        if len(seconds) == 1 and phase not in self._warm:
            seconds.clear()
            self._warm.add(phase)
        seconds.append(self._lap())

    def validation_ends(self, evaluations: int) -> None:
        """A validation is done.

        Args:
            evaluations: models that it evaluated, at least 1.
        """
        self._seconds[EVALUATION].append(self._lap() / evaluations)

    def per_update(self, phase: str) -> Optional[float]:
        """Mean seconds of an update; None before one was seen.

        Args:
            phase: of it.
        """
        seconds = self._seconds[phase]
        return sum(seconds) / len(seconds) if seconds else None

    def left(self, stages: Stages, done: int, validated: bool) -> Optional[TimeLeft]:
        """Seconds that a run will still take.

        Args:
            stages: of the run.
            done: updates that are done.
            validated: whether the validation that may follow the last of them is done too.

        Returns:
            None before an update was seen.
        """
        if not (self._seconds[SUPERVISED] or self._seconds[PSEUDO]):
            return None
        rest = stages.rest(done, validated)
        if not stages.is_open:
            seconds = self._total(rest)
            return TimeLeft(seconds, seconds, self._guesses(rest), self._counts(rest))
        soonest = stages.ending_burn_in(done).rest(done, validated)
        return TimeLeft(self._total(rest), self._total(soonest), self._guesses(soonest),
                        self._counts(rest))

    def _lap(self) -> float:
        """Seconds since the last event."""
        now = self._now()
        seconds, self._since = now - self._since, now
        return seconds

    def _total(self, rest: Rest) -> float:
        """Seconds of what is left."""
        supervised, pseudo = map(self.per_update, (SUPERVISED, PSEUDO))
        # Of a run that goes on after burn-in only the dearer phase is ever seen.
        supervised = pseudo / DEARER if supervised is None else supervised
        pseudo = supervised * DEARER if pseudo is None else pseudo
        return (rest.supervised * supervised + rest.pseudo * pseudo
                + rest.evaluations * (self.per_update(EVALUATION) or 0))

    def _guesses(self, rest: Rest) -> bool:
        """Whether some of what is left was not seen yet."""
        return rest.pseudo > 0 and not self._seconds[PSEUDO]

    def _counts(self, rest: Rest) -> bool:
        """Whether validations are counted, or there are none."""
        return not rest.evaluations or bool(self._seconds[EVALUATION])
