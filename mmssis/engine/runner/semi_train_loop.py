"""Training loop that resumes at the right batch without reading the earlier ones."""

import logging
import signal
from pathlib import Path
from typing import Any, Iterator, Optional, Union

from mmdet.registry import LOOPS
from mmengine.hooks import CheckpointHook
from mmengine.logging import print_log
from mmengine.runner import IterBasedTrainLoop, Runner
from torch.utils.data import DataLoader

from mmssis.engine.hooks.burn_in_hook import BurnInHook
from mmssis.engine.hooks.teacher_ema_hook import TeacherEMAHook
from mmssis.engine.semi_detector import unwrapped_model
from mmssis.engine.stop_signals import (StoppedBySignal, StopSignals, ValidationStopHook,
                                        ValidationStopped)
from mmssis.models.detectors import SemiInstanceSegmentor
from mmssis.utils.workers import guard_workers

VALIDATED = 'validated_iteration'
"""Key of ``message_hub`` for the last iteration whose validation is done."""


@LOOPS.register_module()
class SemiTrainLoop(IterBasedTrainLoop):
    """Iteration-based training loop over a :class:`SemiBatchSampler`.

    It gives the sampler the run's seed and the detector's ``burn_in``, and the model its clock
    before every iteration. A plain detector has neither burn-in nor clock. Where a hook ends
    burn-in during the run, the batches that workers have fetched ahead are drawn anew.

    On resume the sampler is moved on before any worker starts, so no skipped image is loaded,
    whatever the number of workers; mmengine's own loop loads them all again for a sampler of
    batches. ``run`` is adapted from mmengine's ``IterBasedTrainLoop`` (Apache-2.0).

    SIGTERM and SIGINT end it after the step, or after a batch of the validation, with a checkpoint;
    gradients that are being accumulated are brought to their update first. A resumed run begins
    with the validation that its checkpoint does not know of.

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
        guard_workers(self.dataloader)
        self.dataloader_iterator = _LazyIterator(self.dataloader)

    def run(self) -> Any:
        """Train from the current iteration to the last one.

        Returns:
            nn.Module: The trained model.

        Raises:
            ValueError: If nothing would make a teacher of the student after burn-in.
            StoppedBySignal: After SIGTERM or SIGINT, on every rank.
        """
        self._check_teacher()
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        self._find_position()
        with StopSignals() as signals:
            self._watch_validation(signals)
            stopped = self._run(signals)
            if stopped:
                self._save(stopped)
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        if stopped:
            raise StoppedBySignal(stopped)
        return self.runner.model

    def _run(self, signals: StopSignals) -> int:
        """Validate and train in turn.

        Returns:
            The signal that ended it, 0 at its end.
        """
        while True:
            if self._validation_is_due() and not self._validate():
                return signals.agreed()
            if self._iter >= self._max_iters or self.stop_training:
                return 0
            stopped = self._step(signals)
            if stopped:
                return stopped

    def _step(self, signals: StopSignals) -> int:
        """Run one iteration; after a signal, as many as lead to an update of the weights.

        Returns:
            The signal to stop for, 0 if there is none.
        """
        while True:
            self.runner.model.train()
            self._set_clock(self._iter)
            self._follow_burn_in()
            self.run_iter(next(self.dataloader_iterator))
            stopped = signals.agreed()
            if not stopped or self.runner.optim_wrapper.should_update():
                return stopped

    def _watch_validation(self, signals: StopSignals) -> None:
        """Let a signal end a validation too."""
        if self.runner.val_loop is not None:
            guard_workers(self.runner.val_loop.dataloader)
            self.runner.register_hook(ValidationStopHook(signals))

    def _validate(self) -> bool:
        """Validate the iteration that has just ended; False if a signal came in between."""
        hub = self.runner.message_hub
        earlier = hub.runtime_info.get(VALIDATED, 0)
        # Before it, since the checkpoint of a new best is written within it.
        hub.update_info(VALIDATED, self._iter)
        self._set_clock(self._iter - 1)
        try:
            self.runner.val_loop.run()
        except ValidationStopped:
            hub.update_info(VALIDATED, earlier)
            return False
        return True

    def _save(self, number: int) -> None:
        """Write a checkpoint of the iteration that has just ended, and say how to go on."""
        hooks = [hook for hook in self.runner.hooks if isinstance(hook, CheckpointHook)]
        for hook in hooks if self.runner.optim_wrapper.should_update() else []:
            if Path(hook.last_ckpt or '').name != hook.filename_tmpl.format(self._iter):
                hook.interval, hook.save_begin = 1, 0
                # The hook saves at the end of an iteration, before that is counted.
                self._iter -= 1
                hook.after_train_iter(self.runner, self._iter)
                self._iter += 1
        saved = next((hook.last_ckpt for hook in hooks if hook.last_ckpt), None)
        print_log(
            f'Stopped by {signal.Signals(number).name} after iteration {self._iter} of '
            f'{self._max_iters}. Last checkpoint: {saved or "none"}. The same command with '
            '--resume goes on from there.', 'current', logging.WARNING)

    @property
    def _detector(self) -> Optional[SemiInstanceSegmentor]:
        """The semi-supervised detector; None where a plain one is trained."""
        model = unwrapped_model(self.runner)
        return model if isinstance(model, SemiInstanceSegmentor) else None

    def _check_teacher(self) -> None:
        """Refuse a semi-supervised phase whose teacher would stay a random network."""
        detector = self._detector
        if detector is None or detector.is_supervised(self._max_iters):
            return
        if not any(isinstance(hook, TeacherEMAHook) for hook in self.runner.hooks):
            burn_in = 'auto' if detector.ends_burn_in_itself else detector.burn_in
            raise ValueError(
                f'the run goes on after model.burn_in = {burn_in} to iteration '
                f'{self._max_iters}, but nothing copies the student into the teacher: set '
                "default_hooks.teacher = dict(type='TeacherEMAHook'), or model.burn_in to the "
                'length of the run')
        if detector.ends_burn_in_itself and not any(
                isinstance(hook, BurnInHook) for hook in self.runner.hooks):
            raise ValueError("model.burn_in = 'auto', but nothing ends it: set default_hooks."
                             "burn_in = dict(type='BurnInHook'), or schedule.burn_in to a number")

    def _set_clock(self, iteration: int) -> None:
        """Tell the detector the index of an iteration."""
        if self._detector is not None:
            self._detector.set_clock(iteration, self._max_iters)

    def _find_position(self) -> None:
        """Give the sampler seed and burn-in, and move it to the current iteration."""
        batch_sampler = self.dataloader.batch_sampler
        batch_sampler.set_seed(self.runner.seed)
        batch_sampler.set_burn_in(0 if self._detector is None else self._detector.burn_in)
        if self._iter > 0:
            print_log(f'Resume the data at iteration {self._iter}.', logger='current')
            batch_sampler.skip(self._iter)

    def _follow_burn_in(self) -> None:
        """Draw the batches from here on anew if burn-in has just ended."""
        batch_sampler = self.dataloader.batch_sampler
        if self._detector is not None and batch_sampler.burn_in != self._detector.burn_in:
            batch_sampler.set_burn_in(self._detector.burn_in)
            batch_sampler.move_to(self._iter)
            self.dataloader_iterator = _LazyIterator(self.dataloader)

    def _validation_is_due(self) -> bool:
        """Whether the iteration that has just ended is followed by a validation not done yet."""
        if self.runner.val_loop is None or self._iter < max(self.val_begin, 1):
            return False
        if self.runner.message_hub.runtime_info.get(VALIDATED) == self._iter:
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
