"""The course of an evaluation in the terminal."""

import time
from typing import Optional

from mmengine.hooks import Hook, LoggerHook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner
from tqdm import tqdm

from mmssis.engine.semi_detector import unwrapped_model
from mmssis.models.detectors import SemiInstanceSegmentor

from .bar import bar_of
from .stages import find_hook
from .terminal import Terminal


class EvaluationProgressHook(Hook):
    """Show how far ``mmssis test`` is: a bar, or a line at every interval of ``LoggerHook``.

    Args:
        terminal: where it is shown.
    """

    priority = 'LOW'

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._begun = 0.0
        self._title = ''

    def before_test(self, runner: Runner) -> None:
        """Tell what is evaluated."""
        model = unwrapped_model(runner)
        # A plain detector has no branches.
        who = model.predict_on if isinstance(model, SemiInstanceSegmentor) else 'detector'
        self._title, self._begun = f'evaluating the {who}', time.monotonic()

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: DATA_BATCH = None,
                        outputs: Optional[list] = None) -> None:
        """Move the bar."""
        done, total = batch_idx + 1, len(runner.test_dataloader)
        seconds = (time.monotonic() - self._begun) / done
        left = f'left {tqdm.format_interval((total - done) * seconds)}'
        self._terminal.draw(lambda: bar_of(self._title, done, total, left))
        logger = find_hook(runner, LoggerHook)
        if not self._terminal.redraws and logger is not None and done % logger.interval == 0:
            self._terminal.say(f'{self._title}: batch {done}/{total}  {left}')

    def after_test(self, runner: Runner) -> None:
        """Remove the bar."""
        self._terminal.remove_bar()
