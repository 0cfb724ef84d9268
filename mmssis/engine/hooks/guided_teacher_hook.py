"""The teacher of GuidedDistillation: fixed at first, then a moving average of the student."""

import logging
from pathlib import Path
from typing import Dict, Mapping, Union

from mmdet.registry import HOOKS
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch import Tensor, nn

from mmssis.engine.checkpoint import read_checkpoint
from mmssis.engine.semi_detector import semi_detector
from mmssis.engine.trained_model import check_weights
from mmssis.utils.settings import check_range

from .teacher_ema_hook import TeacherEMAHook


@HOOKS.register_module()
class GuidedTeacherHook(TeacherEMAHook):
    """Guided burn-in: a trained teacher that stays fixed, then a copy of the student, then EMA.

    The three stages of GuidedDistillation (Berrada et al., WACV 2024), written from the paper:
    a supervised run, whose checkpoint is the guide; ``guided`` iterations in which a new student
    learns from labels and from the pseudo labels of the guide; then :class:`TeacherEMAHook`.
    The student learns from pseudo labels from the first iteration on, so ``model.burn_in`` must
    be 0. A resumed run finds its teacher in its own checkpoint and does not read the guide.

    Args:
        guide: checkpoint of the supervised run. A semi-supervised one gives its teacher, which
            in a supervised run is the student; a plain detector's fits as well.
        guided: iterations with the fixed teacher; 0 never reads the guide, and from the length of
            the run on the guide is the only teacher, which is warned of.
        momentum: weight of the old teacher afterwards, in [0, 1).
    """

    def __init__(self, guide: Union[str, Path], guided: int, momentum: float = 0.9996) -> None:
        super().__init__(momentum)
        self.guide = Path(guide)
        self.guided = check_range('default_hooks.teacher.guided', guided, 0, whole=True)

    def before_train(self, runner: Runner) -> None:
        """Load the guide into the teacher, at the start of a run.

        Raises:
            ValueError: if the settings contradict the run, or the guide does not fit.
            FileNotFoundError: if the guide is missing.
        """
        model = semi_detector(runner)
        if model.burn_in:
            raise ValueError(f'model.burn_in = {model.burn_in}: GuidedTeacherHook needs 0 there; '
                             f'its own burn-in, guided = {self.guided}, learns from pseudo labels')
        if self.guided >= runner.max_iters:
            print_log(f'guided = {self.guided} of GuidedTeacherHook lasts to the end of the run of '
                      f'{runner.max_iters} iterations: its teacher will never follow the student. '
                      'Was the run shortened? Then lower both.', 'current', logging.WARNING)
        super().before_train(runner)
        if runner.iter == 0 and self.guided:
            self._load_guide(model)
        # Validation and checkpoints leave a teacher alone that is ready.
        self.ready = True

    def copied_at(self, runner: Runner) -> int:
        """The end of guided burn-in."""
        return self.guided

    def _load_guide(self, model: nn.Module) -> None:
        """Load the guide into the teacher alone."""
        if not self.guide.is_file():
            raise FileNotFoundError(
                f'default_hooks.teacher.guide = {self.guide}: no such file. It comes from a '
                'supervised run; CONFIG is, for the shipped configs, the one of the same name in '
                'configs/pldc:\n    mmssis train CONFIG '
                f'--supervised --work-dir {self.guide.parent}')
        weights = read_checkpoint(self.guide)['state_dict']
        try:
            check_weights(model, weights, ['teacher'])
        except ValueError as error:
            raise ValueError(f'default_hooks.teacher.guide = {self.guide}: {error}') from error
        model.teacher.load_state_dict(teacher_weights(weights, model.teacher))
        print_log(f'The teacher is {self.guide} for {self.guided} iterations.', 'current')


def teacher_weights(weights: Mapping[str, Tensor], teacher: nn.Module) -> Dict[str, Tensor]:
    """The teacher's part of a semi-supervised checkpoint, or the whole of a plain one.

    Args:
        weights: the checkpoint's state dict.
        teacher: the module that they are for.
    """
    semi = any(name.startswith(('teacher.', 'student.')) for name in weights)
    prefix = 'teacher.' if semi else ''
    return {name: weights[prefix + name] for name in teacher.state_dict()}
