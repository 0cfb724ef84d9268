"""Runner that resumes exactly or not at all."""

from pathlib import Path
from typing import Any, Dict, List, Optional

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.runner import CheckpointLoader, Runner
from torch import nn

from mmssis.engine.checkpoint import CheckpointError, read_checkpoint
from mmssis.engine.checkpoint_rules import check_checkpoint_interval, check_names, take_over_best
from mmssis.engine.replay import can_replay, prepare_replay
from mmssis.engine.resume import checkpoints_of, fault_of_file, find_resumable_checkpoint
from mmssis.engine.resume_checks import hooks_apart, resume_faults
from mmssis.engine.run_origin import write_origin
from mmssis.engine.run_record import RECORD, changed_settings, run_record
from mmssis.engine.semi_detector import unwrapped_model
from mmssis.engine.trained_model import does_not_fit, weight_faults


class ResumableRunner(Runner):
    """MMEngine's runner, with ``resume`` and ``load_from`` checked before anything is changed.

    ``resume`` without ``load_from`` takes the newest checkpoint of the work directory that is whole
    and fits; with it, that file or none. Rank 0 decides for all. Whatever the config says holds:
    the learning rate is what a run of this config has at that iteration, a ``randomness.seed``
    is this run's, and settings that the checkpoint's run had otherwise are named.
    """

    begin_from: Optional[str] = None
    """Weights to begin from where ``resume`` finds no checkpoint."""

    def train(self) -> nn.Module:
        """Train.

        Raises:
            CheckpointError: If checkpoints could not be written or resumed from, or the one to
                start from does not fit.
        """
        check_checkpoint_interval(self.cfg)
        check_names(Path(self.work_dir))
        if is_main_process():
            write_origin(self)
        return super().train()

    def load_or_resume(self) -> None:
        """Load the checkpoint to start from, if there is one."""
        if self._has_loaded:
            return
        if self._resume:
            found = self._agreed_checkpoint()
            self._load_from, self._resume = found or self.begin_from, found is not None
        if not self._resume and self._load_from is not None:
            self._refuse_foreign(str(self._load_from))
        if not self._resume and (old := checkpoints_of(self.work_dir)):
            self.logger.warning(
                f'{self.work_dir} holds checkpoints of an earlier run, up to {old[0].name}: a '
                'later --resume goes on from the highest number. Remove them, or give another '
                '--work-dir.')
        super().load_or_resume()

    def resume(self, filename: str, *args: Any, **options: Any) -> None:
        """Continue from a checkpoint.

        Args:
            filename: the checkpoint.
            *args, **options: of MMEngine's runner.
        """
        schedule = prepare_replay(self)
        super().resume(filename, *args, **options)
        if schedule is not None:
            schedule.apply(self.iter)

    def load_checkpoint(self, *args: Any, **options: Any) -> Dict[str, Any]:
        """Load weights.

        Args:
            *args, **options: of MMEngine's runner.

        Returns:
            The checkpoint; if it is resumed from, without what this run says itself.
        """
        checkpoint = super().load_checkpoint(*args, **options)
        if self._resume:
            meta = checkpoint['meta']
            self._name_changes(checkpoint)
            if self._randomness_cfg.get('seed') is not None:
                meta['seed'] = None
            take_over_best(checkpoint['message_hub']['runtime_info'], Path(self.work_dir))
            if can_replay(self):
                checkpoint.pop('param_schedulers', None)
        return checkpoint

    def save_checkpoint(self, *args: Any, meta: Optional[dict] = None, **options: Any) -> None:
        """Save a checkpoint with the settings of its run.

        Args:
            meta: goes into the checkpoint.
            *args, **options: of MMEngine's runner.
        """
        super().save_checkpoint(*args, meta={**(meta or {}), RECORD: run_record(self)}, **options)

    def _agreed_checkpoint(self) -> Optional[str]:
        """The checkpoint to continue from, as rank 0 finds it.

        Raises:
            CheckpointError: On all ranks, if it does not fit.
        """
        outcome: List[Optional[str]] = [None, None]
        if is_main_process():
            try:
                outcome[0] = self._choose_checkpoint()
            except Exception as error:  # No rank is left waiting.
                outcome[1] = (str(error) if isinstance(error, CheckpointError)
                              else f'{type(error).__name__}: {error}')
        broadcast_object_list(outcome)
        if outcome[1] is not None:
            raise CheckpointError(f'--resume: {outcome[1]}')
        return outcome[0]

    def _choose_checkpoint(self) -> Optional[str]:
        """The checkpoint to continue from; None to begin."""
        if self._load_from is None:
            found = find_resumable_checkpoint(self.work_dir, self._misfit)
            if found is None:
                print(f'No checkpoint in {self.work_dir}: starting at iteration 0.', flush=True)
        else:
            found = str(Path(self._load_from).expanduser())
            if fault := self._misfit(Path(found)):
                raise CheckpointError(f'{found}: it {fault}')
        return found

    def _misfit(self, path: Path) -> Optional[str]:
        """What keeps a checkpoint from being resumed from.

        Raises:
            CheckpointError: If the run is to end before it.
        """
        if fault := fault_of_file(path):
            return fault
        try:
            checkpoint = read_checkpoint(path)
            faults = resume_faults(checkpoint, self)
        except CheckpointError as error:
            return f'was refused: {error}'
        except Exception as error:  # Parts of a foreign file may be anything.
            return f'is damaged ({type(error).__name__}: {error})'
        if faults:
            return ('does not hold what this run needs to go on exactly: ' + '; '.join(faults)
                    + ' (its weights alone: --cfg-options load_from=PATH)')
        self._check_length(path, checkpoint['meta']['iter'])
        return None

    def _check_length(self, path: Path, iteration: int) -> None:
        """Refuse a run that ends before its checkpoint; say that a finished one is."""
        if iteration > self.max_iters:
            raise CheckpointError(
                f'{path} is at iteration {iteration}, and the run is to end at {self.max_iters}. '
                f'Give a schedule.max_iters above {iteration} to go on, or an earlier checkpoint: '
                '--resume PATH.')
        if iteration == self.max_iters:
            print(f'{path} is at iteration {iteration} of {self.max_iters}: this run is finished, '
                  'nothing is left to train. To go on for longer, give a larger '
                  'schedule.max_iters.', flush=True)

    def _name_changes(self, checkpoint: Dict[str, Any]) -> None:
        """Name what the run does otherwise than the checkpoint's; the config holds."""
        lines = changed_settings(checkpoint['meta'].get(RECORD), self)
        added, left_out = hooks_apart(checkpoint['state_dict'], unwrapped_model(self))
        lines += [f'model.{name[:-1]} is new and has learned nothing' for name in added]
        lines += [f'model.{name[:-1]} is left out with all it has learned' for name in left_out]
        seed, own = checkpoint['meta'].get('seed'), self._randomness_cfg.get('seed')
        if own is not None and seed != own and not any('randomness.seed' in each for each in lines):
            lines.append(f"randomness.seed: {own!r} now, {seed!r} in the checkpoint's run")
        for line in lines:
            self.logger.warning(f'Resumed with another setting: {line}')

    def _refuse_foreign(self, path: str) -> None:
        """Refuse weights to start from of which the model has none.

        Raises:
            CheckpointError: If none fits.
        """
        content = CheckpointLoader.load_checkpoint(path, 'cpu')
        weights = content.get('state_dict', content)
        semi = any(name.startswith(('teacher.', 'student.')) for name in weights)
        own = {name.partition('.')[2] if not semi and name.startswith(('teacher.', 'student.'))
               else name: value for name, value in unwrapped_model(self).state_dict().items()}
        faults = weight_faults(own, weights)
        if len(faults) == len(own):
            raise CheckpointError(f'load_from = {path}: {does_not_fit(faults)}')
