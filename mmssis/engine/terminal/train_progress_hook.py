"""The course of a training in the terminal."""

from typing import Dict, List, Optional

from mmengine.hooks import Hook, LoggerHook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.logging import print_log
from mmengine.runner import Runner
from rich.console import RenderableType

from mmssis.engine.semi_detector import unwrapped_model

from .bar import bar_of
from .clock import RunClock
from .endings import endings
from .numbers import (ap_by_branch, ap_in_words, best_in_words, labels_per_image, losses_by_branch,
                      short)
from .stages import PSEUDO, Stages, find_hook, stages_of
from .terminal import Terminal


class TrainProgressHook(Hook):
    """Show stages, numbers, time left and validations of a training.

    Numbers are read where the log has them: after the first update, and every ``interval`` of
    ``LoggerHook``. Where the terminal cannot redraw a bar, they are a line.

    Args:
        terminal: where they are shown.
    """

    # After the log and the hooks that it is made of, before the checkpoint.
    priority = 'LOW'

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._clock = RunClock()
        self._begun_at = 0
        self._interval = 1
        self._aps: Dict[str, Dict[str, float]] = {}
        self._numbers = ''
        self._validating = ''

    def before_train(self, runner: Runner) -> None:
        """Tell the stages, and where the log is."""
        logger = find_hook(runner, LoggerHook)
        self._interval = logger.interval if logger is not None else 1
        self._begun_at = runner.iter
        begun = f' Going on after update {runner.iter}.' if runner.iter else ''
        print_log(f'Stages: {stages_of(runner)}.{begun}', 'current')
        print_log(f'Log: {runner.logger.log_file}', 'current')
        self._draw(stages_of(runner), runner.iter, validated=True)

    def before_train_iter(self, runner: Runner, batch_idx: int,
                          data_batch: DATA_BATCH = None) -> None:
        """Measure from the first update on."""
        self._clock.begin()

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: DATA_BATCH = None,
                         outputs: Optional[dict] = None) -> None:
        """Move the bar; with new numbers where the log has some."""
        done = runner.iter + 1
        stages = stages_of(runner)
        self._clock.update_ends(stages.phase(done))
        is_told = done == self._begun_at + 1 or done % self._interval == 0
        if is_told:
            self._numbers = self._in_words(runner, stages.phase(done))
            if not self._terminal.redraws:
                self._terminal.say(f'{done}/{stages.max_iters}  {self._numbers}  '
                                   f'{self._pace(stages, done, validated=False)}')
        self._draw(stages, done, False, is_told)

    def before_val(self, runner: Runner) -> None:
        """A resumed run may begin with a validation."""
        self._clock.begin()

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: DATA_BATCH = None,
                       outputs: Optional[list] = None) -> None:
        """Show how far the validation is."""
        stages = stages_of(runner)
        who = unwrapped_model(runner).predict_on if stages.branches > 1 else 'model'
        self._validating = f'validating {who} {batch_idx + 1}/{len(runner.val_dataloader)}'
        self._draw(stages, runner.iter, False)

    def after_val_epoch(self, runner: Runner, metrics: Optional[Dict[str, float]] = None) -> None:
        """Remember AP."""
        self._aps = ap_by_branch(metrics or {})

    def after_val(self, runner: Runner) -> None:
        """Tell AP in one line, once the best checkpoint is known."""
        stages, done = stages_of(runner), runner.iter
        # A run without updates validates once, whatever its interval says.
        self._clock.validation_ends(stages.evaluations(done) or 1)
        words = ap_in_words(self._aps)
        best = best_in_words(runner.message_hub)
        self._terminal.say(f'Validation after update {done}: ' + ', '.join(
            [*(words or ['no AP, the log has the metrics']), *([best] if best else [])]))
        self._validating = ''
        if done:
            self._numbers = self._in_words(runner, stages.phase(done))
        self._draw(stages, done, True, at_once=True)

    def after_run(self, runner: Runner) -> None:
        """Tell what there is now, and what to do next."""
        self._terminal.remove_bar()
        for line in endings(runner):
            self._terminal.say(line)

    def _in_words(self, runner: Runner, phase: str) -> str:
        """Losses, pseudo labels and the last validation."""
        hub = runner.message_hub
        words: List[str] = [f'{name} {short(value)}' for name, value
                            in losses_by_branch(hub, self._interval).items()]
        labels = labels_per_image(hub) if phase == PSEUDO else None
        words += [] if labels is None else [f'pseudo labels {short(labels, 2)} per image']
        words += ap_in_words(self._aps, whole=False)
        best = best_in_words(hub)
        return '  '.join([*words, *([best] if best else [])])

    def _pace(self, stages: Stages, done: int, validated: bool) -> str:
        """Seconds of an update, and those that are left."""
        seconds = self._clock.per_update(stages.phase(max(done, 1)))
        left = self._clock.left(stages, done, validated)
        pace = [] if seconds is None else [f'{short(seconds, 2)} s per update']
        return '  '.join([*pace, *([] if left is None else [f'left {left}'])])

    def _draw(self, stages: Stages, done: int, validated: bool, at_once: bool = False) -> None:
        """Draw the bar."""
        def bar() -> RenderableType:
            return bar_of(self._validating or stages.phase(max(done, 1)), done, stages.max_iters,
                          self._pace(stages, done, validated), self._numbers)

        self._terminal.draw(bar, at_once)
