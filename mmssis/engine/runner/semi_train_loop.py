"""Training loop that resumes at the right batch without reading the earlier ones."""

from typing import Any, Iterator, Optional, Union

from mmdet.registry import LOOPS
from mmengine.logging import print_log
from mmengine.runner import IterBasedTrainLoop, Runner
from torch.utils.data import DataLoader

from mmssis.engine.hooks.teacher_ema_hook import TeacherEMAHook
from mmssis.engine.semi_detector import unwrapped_model
from mmssis.models.detectors import SemiInstanceSegmentor


@LOOPS.register_module()
class SemiTrainLoop(IterBasedTrainLoop):
    """Iteration-based training loop over a :class:`SemiBatchSampler`.

    It gives the sampler the run's seed and ``model.burn_in``, and the model its clock before
    every iteration. A plain detector has neither burn-in nor clock.

    On resume the sampler is moved on before any worker starts, so no skipped image is loaded,
    whatever the number of workers; mmengine's own loop loads them all again for a sampler of
    batches. ``run`` is adapted from mmengine's ``IterBasedTrainLoop`` (Apache-2.0).

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader or dict): Training data; its ``batch_sampler`` must have ``skip``.
        max_iters (int): Number of student updates, burn-in included, > 0.
        val_begin (int): First iteration after which to validate. Defaults to 1.
        val_interval (int): Iterations between validations. Defaults to 1000.

    Raises:
        ValueError: If the data loader has no batch sampler with ``skip``.
    """

    sets_clock = True
    """Whether the loop calls ``model.set_clock`` before every iteration."""

    def __init__(self,
                 runner: Runner,
                 dataloader: Union[DataLoader, dict],
                 max_iters: int,
                 val_begin: int = 1,
                 val_interval: int = 1000) -> None:
        super().__init__(runner, dataloader, max_iters, val_begin, val_interval)
        if not hasattr(self.dataloader.batch_sampler, 'skip'):
            raise ValueError(
                'SemiTrainLoop needs train_dataloader.batch_sampler=dict(type="SemiBatchSampler", '
                f'...), got {type(self.dataloader.batch_sampler).__name__}.')
        self.dataloader_iterator = _LazyIterator(self.dataloader)

    def run(self) -> Any:
        """Train from the current iteration to the last one.

        Returns:
            nn.Module: The trained model.

        Raises:
            ValueError: If nothing would make a teacher of the student after burn-in.
        """
        self._check_teacher()
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        self._find_position()
        while self._iter < self._max_iters and not self.stop_training:
            self.runner.model.train()
            self._set_clock()
            self.run_iter(next(self.dataloader_iterator))
            if self._validation_is_due():
                self.runner.val_loop.run()
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        return self.runner.model

    @property
    def _detector(self) -> Optional[SemiInstanceSegmentor]:
        """The semi-supervised detector; None where a plain one is trained."""
        model = unwrapped_model(self.runner)
        return model if isinstance(model, SemiInstanceSegmentor) else None

    def _check_teacher(self) -> None:
        """Refuse a semi-supervised phase whose teacher would stay a random network."""
        detector = self._detector
        if detector is None or detector.burn_in >= self._max_iters:
            return
        if not any(isinstance(hook, TeacherEMAHook) for hook in self.runner.hooks):
            raise ValueError(
                f'the run goes on after model.burn_in = {detector.burn_in} to iteration '
                f'{self._max_iters}, but nothing copies the student into the teacher: set '
                "default_hooks.teacher = dict(type='TeacherEMAHook'), or model.burn_in to the "
                'length of the run')

    def _set_clock(self) -> None:
        """Tell the detector the iteration."""
        if self._detector is not None:
            self._detector.set_clock(self._iter, self._max_iters)

    def _find_position(self) -> None:
        """Give the sampler seed and burn-in, and move it to the current iteration."""
        batch_sampler = self.dataloader.batch_sampler
        batch_sampler.set_seed(self.runner.seed)
        batch_sampler.set_burn_in(0 if self._detector is None else self._detector.burn_in)
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
