"""The teacher as a moving average of the student."""

from typing import Container, FrozenSet, List, Mapping, Optional, Tuple

import torch
from mmdet.engine.hooks import MeanTeacherHook
from mmdet.registry import HOOKS
from mmengine.hooks import EMAHook, Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch import Tensor, nn

from mmssis.engine.semi_detector import semi_detector
from mmssis.utils.settings import check_range

PREFIX = 'teacher.'
# A key of checkpoints of runs whose teacher goes on from an earlier one.
GOES_ON = 'teacher_goes_on'


@HOOKS.register_module()
class TeacherEMAHook(Hook):
    """Copy the student into the teacher at the end of burn-in, then follow it by EMA.

    ``teacher = momentum * teacher + (1 - momentum) * student`` after every optimizer step
    (PL-DC section 4.1, alpha), for trainable parameters and float buffers. Frozen parameters
    that are equal are skipped; integer buffers are copied. The end of burn-in is
    the detector's ``burn_in``. Before that, validation and checkpoints take the student as the
    teacher too, so that a random network is never evaluated or saved.

    Without burn-in, a teacher that ``load_from`` brings goes on: tensors that the checkpoint has
    under ``teacher.`` and that fit are kept, the others (a class head of another size) are copied
    from the student, and there is no ``warm_up``, in which the student would replace them within a
    few steps. A checkpoint whose teacher equals its student, and a plain detector's, which is
    loaded into both branches, make no difference.

    Args:
        momentum: weight of the old teacher, in [0, 1).
        warm_up: optimizer steps after burn-in during which the weight of step n is
            min(momentum, n / (n + warm_up_offset)), n from 1; 0 for none. With a short warm-up
            the teacher follows the student faster at first.
        warm_up_offset: the larger, the faster; PAIS has 1, which reaches 0.999 at step 999.
    """

    priority = 'NORMAL'

    def __init__(self, momentum: float = 0.9996, warm_up: int = 0,
                 warm_up_offset: float = 10) -> None:
        # mmdet counts the other way round: its momentum is the weight of the student.
        self.momentum = check_range('default_hooks.teacher.momentum (weight of the old teacher)',
                                    momentum, 0, 1, open_high=True)
        self.warm_up = check_range('default_hooks.teacher.warm_up', warm_up, 0)
        self.warm_up_offset = check_range('default_hooks.teacher.warm_up_offset', warm_up_offset,
                                          0, open_low=True)
        self.ready = False
        self.goes_on = False
        self._loaded: FrozenSet[str] = frozenset()
        self._averaged: Optional[Tuple[List[Tensor], List[Tensor]]] = None
        self._copied: List[Tuple[Tensor, Tensor]] = []

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note which tensors of the teacher a checkpoint brings; a resumed run finds it noted."""
        if runner._resume:
            self.goes_on = GOES_ON in checkpoint
        elif self.copied_at(runner) == 0:
            weights = checkpoint.get('state_dict', checkpoint)
            self._loaded = frozenset(
                name for name, own in semi_detector(runner).teacher.state_dict().items()
                if (PREFIX + name) in weights and weights[PREFIX + name].shape == own.shape)
            if all(_is_students(weights, name) for name in self._loaded):
                self._loaded = frozenset()
            self.goes_on = bool(self._loaded)

    def before_train(self, runner: Runner) -> None:
        """Check that teacher and student have the same tensors, and that no hook averages twice.

        Raises:
            ValueError: If they differ, or there is another moving average.
        """
        others = [type(hook).__name__ for hook in runner.hooks if hook is not self
                  and isinstance(hook, (TeacherEMAHook, EMAHook, MeanTeacherHook))]
        if others:
            raise ValueError(
                f'{type(self).__name__} (default_hooks.teacher) and {", ".join(others)} would both '
                'average in every step: take the others out of default_hooks and custom_hooks')
        model = semi_detector(runner)
        student, teacher = model.student.state_dict(), model.teacher.state_dict()
        odd = sorted(set(student) ^ set(teacher))
        odd += [name for name in student.keys() & teacher.keys()
                if student[name].shape != teacher[name].shape]
        if odd:
            raise ValueError('teacher and student differ in ' + ', '.join(odd[:5])
                             + f' ({len(odd)} tensors): build both from the same config')
        self._collect(model)
        self.ready = runner.iter > self.copied_at(runner)

    def before_train_iter(self, runner: Runner, batch_idx: int,
                          data_batch: Optional[dict] = None) -> None:
        """Copy the student once, at the end of burn-in; what was loaded is kept."""
        if runner.iter == self.copied_at(runner):
            self.copy_student(runner, keep=self._loaded)
            self.ready = True
            if self.goes_on:
                print_log(f'The teacher goes on from load_from with {len(self._loaded)} tensors, '
                          'without warm-up; the others are those of the student.', 'current')

    def after_train_iter(self, runner: Runner, batch_idx: int,
                         data_batch: Optional[dict] = None,
                         outputs: Optional[dict] = None) -> None:
        """Follow the student, if the optimizer has stepped in this iteration."""
        start = self.copied_at(runner)
        if runner.iter >= start and runner.optim_wrapper.should_update():
            self.update(1 - self.momentum_at(self.steps_since(runner, start)))

    def before_val(self, runner: Runner) -> None:
        """During burn-in, validate the student as the teacher too."""
        if self._in_burn_in(runner):
            self.copy_student(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """During burn-in, save the student as the teacher too; note a teacher that goes on."""
        if self.goes_on:
            checkpoint[GOES_ON] = True
        if self._in_burn_in(runner):
            state = checkpoint['state_dict']
            for name in [name for name in state if name.startswith('student.')]:
                state[name.replace('student.', 'teacher.', 1)] = state[name]

    def copied_at(self, runner: Runner) -> int:
        """Iteration before which the teacher becomes a copy of the student."""
        return semi_detector(runner).burn_in

    @staticmethod
    def steps_since(runner: Runner, start: int) -> int:
        """Optimizer steps from iteration ``start`` to the present one, both included.

        With gradients accumulated over k iterations one iteration in k is a step, counted from
        iteration 0, and the last iteration of the run is one in any case.
        """
        # mmengine has no public name for it.
        counts = runner.optim_wrapper._accumulative_counts
        return -(-(runner.iter + 1) // counts) - start // counts

    def _in_burn_in(self, runner: Runner) -> bool:
        """Whether training has begun but the teacher was not copied yet."""
        return self._averaged is not None and not self.ready

    def momentum_at(self, step: int) -> float:
        """Weight of the old teacher at a step after burn-in, from 1."""
        if step > self.warm_up or self.goes_on:
            return self.momentum
        return min(self.momentum, step / (step + self.warm_up_offset))

    def _collect(self, model: nn.Module) -> None:
        """Pair the tensors of teacher and student by name, once."""
        trainable = {name for name, p in model.student.named_parameters() if p.requires_grad}
        parameters = {name for name, _ in model.student.named_parameters()}
        teacher = model.teacher.state_dict(keep_vars=True)
        self._averaged, self._copied = ([], []), []
        for name, source in model.student.state_dict(keep_vars=True).items():
            apart = name in parameters and not torch.equal(teacher[name], source)
            if name in trainable or apart or (
                    name not in parameters and source.is_floating_point()):
                self._averaged[0].append(teacher[name].data)
                self._averaged[1].append(source.data)
            elif name not in parameters:
                self._copied.append((teacher[name].data, source.data))

    @torch.no_grad()
    def update(self, weight: float) -> None:
        """Move the teacher towards the student by a share.

        Args:
            weight: share of the student, in [0, 1].
        """
        torch._foreach_lerp_(*self._averaged, weight)
        for target, source in self._copied:
            target.copy_(source)

    @staticmethod
    @torch.no_grad()
    def copy_student(runner: Runner, keep: Container[str] = ()) -> None:
        """Make the teacher a hard copy of the student.

        Args:
            runner: the runner.
            keep: names of tensors that stay the teacher's.
        """
        model = semi_detector(runner)
        own = model.teacher.state_dict()
        model.teacher.load_state_dict({
            name: own[name] if name in keep else value
            for name, value in model.student.state_dict().items()})


def _is_students(weights: Mapping[str, Tensor], name: str) -> bool:
    """Whether a tensor of a checkpoint's teacher is that of its student."""
    other = weights.get('student.' + name)
    return other is not None and torch.equal(weights[PREFIX + name], other)
