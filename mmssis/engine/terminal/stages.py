"""The stages of a run: supervised updates, updates with pseudo labels, validations."""

import math
from dataclasses import dataclass, replace
from typing import NamedTuple, Optional

from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner

from mmssis.engine.hooks.burn_in_hook import BurnInHook
from mmssis.engine.runner import SemiValLoop
from mmssis.engine.semi_detector import unwrapped_model
from mmssis.models.detectors import SemiInstanceSegmentor

SUPERVISED, PSEUDO = 'supervised', 'pseudo labels'


class Rest(NamedTuple):
    """What a run has still to do.

    Attributes:
        supervised: updates without pseudo labels.
        pseudo: updates with pseudo labels.
        evaluations: of one model over the validation data.
    """

    supervised: int
    pseudo: int
    evaluations: int


@dataclass(frozen=True)
class Stages:
    """The course of a run.

    Attributes:
        max_iters: updates.
        burn_in: supervised updates at its start; ``max_iters`` or more: all of them; inf: until
            ``BurnInHook`` ends it.
        measured_every: updates between two measurements of a burn-in that ends itself, else None.
        val_interval: updates between two validations; None without any.
        val_begin: first update that may be followed by one.
        branches: models that a validation after burn-in evaluates.
    """

    max_iters: int
    burn_in: float
    measured_every: Optional[int] = None
    val_interval: Optional[int] = None
    val_begin: int = 1
    branches: int = 1

    @property
    def is_open(self) -> bool:
        """Whether nobody knows yet when burn-in ends."""
        return self.burn_in == math.inf

    def phase(self, update: int) -> str:
        """The phase of an update.

        Args:
            update: from 1.
        """
        return SUPERVISED if update <= self.burn_in else PSEUDO

    def evaluations(self, update: int) -> int:
        """Models that the validation after an update evaluates; 0 if there is none.

        Args:
            update: from 1.
        """
        if self.val_interval is None or update < self.val_begin or (
                update % self.val_interval and update != self.max_iters):
            return 0
        return 1 if self.phase(update) == SUPERVISED else self.branches

    def rest(self, done: int, validated: bool) -> Rest:
        """What is left to do.

        Args:
            done: updates that are done.
            validated: whether the validation that may follow the last of them is done too.
        """
        supervised = max(0, min(self.burn_in, self.max_iters) - done)
        return Rest(int(supervised), int(self.max_iters - done - supervised),
                    self._evaluations_from(done + 1 if validated else max(done, 1)))

    def _evaluations_from(self, first: int) -> int:
        """Models that are evaluated from an update on, in all validations."""
        if self.val_interval is None or first > self.max_iters:
            return 0
        begin = -(-first // self.val_interval) * self.val_interval
        updates = {*range(begin, self.max_iters, self.val_interval), self.max_iters}
        return sum(map(self.evaluations, updates))

    def ending_burn_in(self, update: float) -> 'Stages':
        """The same with another end of burn-in.

        Args:
            update: the last one of burn-in.
        """
        return replace(self, burn_in=update)

    def __str__(self) -> str:
        """In one line."""
        if self.measured_every is not None and self.is_open:
            words = ('supervised until the labels of the teacher are good enough (burn-in, '
                     f'measured every {self.measured_every} updates), then pseudo labels until '
                     f'{self.max_iters}')
        elif self.burn_in >= self.max_iters:
            words = f'supervised until {self.max_iters}'
        elif self.burn_in > 0:
            words = (f'supervised until {self.burn_in:.0f} (burn-in), then pseudo labels until '
                     f'{self.max_iters}')
        else:
            words = f'pseudo labels until {self.max_iters}'
        return words + ('; no validation' if self.val_interval is None else
                        f'; validation every {min(self.val_interval, self.max_iters)} updates')


def stages_of(runner: Runner) -> Stages:
    """The stages of a run.

    Args:
        runner: the runner, with its loops.
    """
    model, loop = unwrapped_model(runner), runner.train_loop
    is_semi = isinstance(model, SemiInstanceSegmentor)
    # A plain detector learns from labels, and from pseudo labels that were made before.
    burn_in = model.burn_in if is_semi else runner.max_iters
    hook = find_hook(runner, BurnInHook)
    ends_itself = is_semi and model.ends_burn_in_itself and hook is not None
    # Of a loop by epochs the interval is one of epochs.
    unit = 1 if isinstance(loop, IterBasedTrainLoop) else len(runner.train_dataloader)
    val = runner.val_loop
    return Stages(
        max_iters=runner.max_iters, burn_in=burn_in,
        measured_every=hook.interval if ends_itself else None,
        val_interval=None if val is None else loop.val_interval * unit,
        val_begin=loop.val_begin * unit,
        branches=len(val.predict_on) if isinstance(val, SemiValLoop) else 1)


def find_hook(runner: Runner, kind: type) -> Optional[Hook]:
    """The first hook of a kind.

    Args:
        runner: the runner.
        kind: its class.
    """
    return next((hook for hook in runner.hooks if isinstance(hook, kind)), None)
