"""Offline self-training: teacher, pseudo labels, student."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Optional, Sequence, Union

from mmengine.config import Config

from mmssis.commands.options import read_cfg_options
from mmssis.engine.resume import find_resumable_checkpoint
from mmssis.offline.fingerprint import sha256_of_file
from mmssis.offline.self_training_plan import OPTIONAL, read_plan
from mmssis.offline.training_record import (RECORD, check_training_record, settings_of,
                                            write_training_record)
from mmssis.utils.config import load_config
from mmssis.utils.self_training import WORK_DIRS

# What teacher and student must have in common.
SHARED = ('data_set', 'split', 'image_size', 'crop_size', 'scale_jitter')


def self_train(config: Union[str, Path],
               *,
               rounds: int = 1,
               gpus: int = 1,
               work_dir: Optional[Union[str, Path]] = None,
               teacher_work_dir: Optional[Union[str, Path]] = None,
               port: int = 29500,
               cfg_options: Sequence[str] = (),
               teacher_cfg_options: Sequence[str] = ()) -> Path:
    """Train a teacher, label the unlabeled images with it, and train a student on both.

        from mmssis.api import self_train
        checkpoint = self_train('mmssis::noisy_boundaries/mask-rcnn_r50_coco10pct.py', gpus=4)

    The steps are commands, in processes of their own. Started again, it goes on.

    Args:
        config: of the student, with a ``self_training``: a file, or the name of a shipped config.
        rounds: students in a row, >= 1; in every further round the last one is the teacher.
        gpus: processes of this machine, >= 1, each with a GPU where there are any.
        work_dir: Default: ``work_dirs/self_training/<name of the config>``.
        teacher_work_dir: of the teacher's training. Default: ``teacher`` in the work directory.
        port: for ``gpus`` above 1.
        cfg_options: settings of the config, as ``KEY=VALUE``; those of the data hold for the
            teacher too.
        teacher_cfg_options: settings of the teacher's training, as ``KEY=VALUE``.

    Returns:
        The last student's checkpoint.

    Raises:
        ValueError: if a setting is wrong, or a work directory was begun with others.
        SystemExit: if a step fails.
    """
    for name, value in dict(rounds=rounds, gpus=gpus).items():
        if value < 1:
            raise ValueError(f'--{name} {value}: give 1 or more')
    work_dir = Path(work_dir or WORK_DIRS / Path(config).stem)
    cfg = _read_config(config, cfg_options)
    steps = _Steps(str(config), cfg, read_plan(cfg, str(config)), gpus, port, list(cfg_options),
                   list(teacher_cfg_options))
    folders = [work_dir / (f'round{number}' if number > 1 else '')
               for number in range(1, rounds + 1)]
    return steps.run(Path(teacher_work_dir or work_dir / 'teacher'), folders)


def _read_config(config: Union[str, Path], options: Sequence[str], supervised: bool = False
                 ) -> Config:
    """A config with the options of its command line."""
    cfg = load_config(config, read_cfg_options(options), supervised=supervised)
    cfg.pop('supervised', None)  # The teacher's settings are none of the student's.
    return cfg


@dataclass(frozen=True)
class _Steps:
    """The steps, as commands.

    Args:
        config: file of the student's config.
        cfg: what it says with its options.
        plan: its ``self_training``.
        gpus: processes of a step.
        port: where they meet.
        options: settings of the student.
        teacher: settings of the teacher alone.
    """

    config: str
    cfg: Config
    plan: Any
    gpus: int
    port: int
    options: List[str]
    teacher: List[str]

    def run(self, teacher_dir: Path, folders: Sequence[Path]) -> Path:
        """Train the teacher and a student in each folder; the last checkpoint."""
        for folder in folders:
            # Before its labels are written anew, and before hours of the teacher's training.
            self._check(folder / 'student', self.cfg)
        predictions, options = teacher_dir, ['--supervised']
        checkpoint = self._train(teacher_dir, supervised=True)
        for folder in folders:
            self._label(options, checkpoint, predictions / 'predictions', folder / 'pseudo')
            predictions, options = folder / 'student', []
            checkpoint = self._train(predictions, folder / 'pseudo' / 'pseudo_labels.json')
        return checkpoint

    def _train(self, folder: Path, labels: Optional[Path] = None, supervised: bool = False) -> Path:
        """Train the teacher, or a student of labels, going on from what there is."""
        options = self._teacher_options() if supervised else self.options
        cfg = _read_config(self.config, options, supervised)
        digest = sha256_of_file(labels) if labels else None
        found = self._check(folder, cfg, digest)
        if found is None:
            write_training_record(folder, settings_of(cfg), digest)
        elif not (folder / RECORD).exists():
            print(f'Warning: {folder} holds a training without {RECORD}, begun by an earlier '
                  'version or by hand. Nobody can say what it was made with; it is taken as it '
                  'is.', flush=True)
        if labels:
            options = [f'train_dataloader.dataset.pseudo.ann_file={labels}', *options]
        last = folder / f'iter_{cfg.train_cfg.max_iters}.pth'
        if found is None or Path(found).name != last.name:
            self._start('train', self.config, *(['--supervised'] if supervised else []),
                        '--work-dir', str(folder), '--resume',
                        *(['--cfg-options', *options] if options else []))
        return last

    def _teacher_options(self) -> List[str]:
        """Options of the teacher's config: its own, and those of the student about the data."""
        shared = [option for option in self.options
                  if option.partition('=')[0].partition('.')[0] in SHARED]
        return [*shared, *self.teacher]

    def _check(self, folder: Path, cfg: Config, labels_sha256: Optional[str] = None
               ) -> Optional[str]:
        """Refuse a training that was begun with others; the checkpoint that it goes on from."""
        found = find_resumable_checkpoint(folder)
        try:
            if found is not None:
                check_training_record(folder, settings_of(cfg), labels_sha256)
        except ValueError as error:
            raise ValueError(f'{error} (The options are --work-dir and --teacher-work-dir.)'
                             ) from error
        return found

    def _label(self, options: List[str], checkpoint: Path, predictions: Path, out: Path) -> None:
        """Label the unlabeled images; what is predicted already is not predicted again."""
        plan = self.plan
        chosen = [f'--{key.replace("_", "-")}={plan[key]}' for key in OPTIONAL
                  if key in plan and key != 'amp'] + ['--amp'] * plan.get('amp', False)
        overrides = self._teacher_options() if options else self.options
        self._start('label', self.config, str(checkpoint), *options,
                    '--unlabeled', plan.unlabeled, '--image-root', plan.image_root,
                    '--labeled', plan.labeled, '--preset', plan.preset,
                    '--predictions', str(predictions), '--out', str(out), *chosen,
                    *(['--cfg-options', *overrides] if overrides else []))

    def _start(self, verb: str, *arguments: str) -> None:
        """Run a verb in a process of its own, or one per GPU."""
        command = [sys.executable]
        if self.gpus > 1:
            command += ['-m', 'torch.distributed.run', f'--nproc_per_node={self.gpus}',
                        f'--master_port={self.port}']
            arguments = (*arguments, '--launcher', 'pytorch')
        command += ['-m', 'mmssis', verb, *arguments]
        print('$', ' '.join(command), flush=True)
        if code := subprocess.run(command).returncode:
            raise SystemExit(f'mmssis {verb} ended with {code}; its message is above. Start this '
                             'command again to go on.')
