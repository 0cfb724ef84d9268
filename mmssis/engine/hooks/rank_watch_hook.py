"""Name the rank that others wait for."""

from typing import Any, Optional

from mmdet.registry import HOOKS
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmssis.engine.rank_watch import Place, RankWatch
from mmssis.utils.settings import check_range


@HOOKS.register_module()
class RankWatchHook(Hook):
    """End the run and name the rank, once it has kept the others waiting for too long.

    A rank whose storage or machine hangs leaves the others waiting in the gradients' reduction,
    whose time-out names everybody but the one at fault. A thread compares where the ranks are
    (:class:`~mmssis.engine.rank_watch.RankWatch`); nothing is added to an iteration. It notices a
    process that is stopped or gone at any time, and one that hangs outside of a validation, whose
    evaluation on rank 0 may take as long as it needs. One process does nothing here.

    Args:
        timeout: seconds without progress after which a rank is named, > 0. Longer than the slowest
            iteration with its batch, the first one after a resume included, and than a checkpoint.

    Raises:
        ValueError: if the timeout is not positive.
    """

    priority = 'VERY_HIGH'

    def __init__(self, timeout: float = 900) -> None:
        self.timeout = check_range('default_hooks.rank_watch.timeout', timeout, 0, open_low=True)
        self._watch: Optional[RankWatch] = None

    def before_train(self, runner: Runner) -> None:
        """Start the thread.

        Args:
            runner: the runner; its logger gets the message.
        """
        if get_world_size() > 1:
            self._watch = RankWatch(self.timeout, runner.logger)
            self._watch.start()

    def after_train(self, runner: Runner) -> None:
        """Wait for the other ranks to finish too, and end the thread."""
        if self._watch is not None:
            self._watch.leave()
            self._watch = None

    def before_train_epoch(self, runner: Runner) -> None:
        """The preparations, however long, are done."""
        self._mark(runner.iter, Place.AFTER_STEP)

    def before_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """This rank has its batch."""
        self._mark(runner.iter + 1, Place.IN_STEP)

    def after_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """The step is done; other hooks and the next batch follow."""
        self._mark(runner.iter + 1, Place.AFTER_STEP)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Give a slow disk the whole time."""
        if self._watch is not None:
            self._watch.refresh()

    def before_val(self, runner: Runner) -> None:
        """No limit from here."""
        self._mark(runner.iter, Place.VALIDATION)

    def after_val(self, runner: Runner) -> None:
        """The limit holds again."""
        self._mark(runner.iter, Place.AFTER_STEP)

    def _mark(self, iteration: int, place: Place) -> None:
        """Tell the thread."""
        if self._watch is not None:
            self._watch.mark(iteration, place)
