"""Training loop that resumes at the right batch without reading the earlier ones."""

from typing import Any, Iterator, Optional, Union

from mmdet.registry import LOOPS
from mmengine.logging import print_log
from mmengine.runner import IterBasedTrainLoop, Runner
from torch.utils.data import DataLoader


@LOOPS.register_module()
class SemiTrainLoop(IterBasedTrainLoop):
    """Iteration-based training loop over a :class:`SemiBatchSampler`.

    On resume the sampler is moved on before any worker starts, so no skipped image is loaded,
    whatever the number of workers; mmengine's own loop loads them all again for a sampler of
    batches. ``run`` is adapted from mmengine's ``IterBasedTrainLoop`` (Apache-2.0).

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader or dict): Training data; its ``batch_sampler`` must have ``skip``.
        max_iters (int): Number of student updates, burn-in included, > 0.
        val_begin (int): First iteration after which to validate. Defaults to 1.
        val_interval (int): Iterations between validations. Defaults to 1000.
        dynamic_intervals (list[tuple[int, int]], optional): (first iteration, interval) pairs
            that replace ``val_interval`` later on. Defaults to None.

    Raises:
        ValueError: If the data loader has no batch sampler with ``skip``.
    """

    def __init__(self,
                 runner: Runner,
                 dataloader: Union[DataLoader, dict],
                 max_iters: int,
                 val_begin: int = 1,
                 val_interval: int = 1000,
                 dynamic_intervals: Optional[list[tuple[int, int]]] = None) -> None:
        super().__init__(runner, dataloader, max_iters, val_begin, val_interval,
                         dynamic_intervals)
        if not hasattr(self.dataloader.batch_sampler, 'skip'):
            raise ValueError(
                'SemiTrainLoop needs train_dataloader.batch_sampler=dict(type="SemiBatchSampler", '
                f'...), got {type(self.dataloader.batch_sampler).__name__}.')
        self.dataloader_iterator = _LazyIterator(self.dataloader)

    def run(self) -> Any:
        """Train from the current iteration to the last one.

        Returns:
            nn.Module: The trained model.
        """
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        self._find_position()
        while self._iter < self._max_iters and not self.stop_training:
            self.runner.model.train()
            self.run_iter(next(self.dataloader_iterator))
            self._decide_current_val_interval()
            if self._validation_is_due():
                self.runner.val_loop.run()
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        return self.runner.model

    def _find_position(self) -> None:
        """Take the run's seed and move the sampler to the current iteration."""
        batch_sampler = self.dataloader.batch_sampler
        batch_sampler.set_seed(self.runner.seed)
        if self._iter > 0:
            print_log(f'Resume the data at iteration {self._iter}.', logger='current')
            batch_sampler.skip(self._iter)

    def _validation_is_due(self) -> bool:
        """Whether the iteration that has just ended is followed by a validation."""
        if self.runner.val_loop is None or self._iter < self.val_begin:
            return False
        return self._iter % self.val_interval == 0 or self._iter == self._max_iters


class _LazyIterator:
    """Iterator over an endless data loader whose workers start at the first batch.

    Args:
        dataloader (DataLoader): Data loader over an endless sampler.
    """

    def __init__(self, dataloader: DataLoader) -> None:
        self._dataloader = dataloader
        self._iterator: Optional[Iterator] = None

    def __next__(self) -> dict:
        """Next batch; the first call starts the workers."""
        if self._iterator is None:
            self._iterator = iter(self._dataloader)
        return next(self._iterator)
