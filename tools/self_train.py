"""Offline self-training: teacher, pseudo labels, student, for one or more rounds.

    python tools/self_train.py configs/noisy_boundaries/mask-rcnn_r50_coco10pct.py
    python tools/self_train.py CONFIG --gpus 4 --rounds 2

Trains the teacher, which is the supervised baseline of the config (``tools/train.py CONFIG
--supervised``), lets it label the unlabeled images of ``data_set``, and trains the config on both.
They go to ``teacher``, ``pseudo`` and ``student`` of the work directory. In every further round the
last student is the teacher. Started again, it goes on where it was stopped; what is finished is not
done again. A work directory that was begun with other settings or pseudo labels is refused. The
steps are the commands that are printed, and can be run by hand.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any, List, Optional

from mmengine.config import Config, DictAction

from mmssis.engine.checkpoint import CheckpointError
from mmssis.engine.resume import find_resumable_checkpoint
from mmssis.offline.fingerprint import sha256_of_file
from mmssis.offline.training_record import (RECORD, check_training_record, settings_of,
                                            write_training_record)
from mmssis.offline.tta_views import PRESETS
from mmssis.utils.config import load_config
from mmssis.utils.self_training import WORK_DIRS

TOOLS = Path(__file__).parent
# Those of `self_training` that load_config takes from `data_set`.
PATHS = ('labeled', 'unlabeled', 'image_root')
REQUIRED = (*PATHS, 'preset')
# What teacher and student must have in common.
SHARED = ('data_set', 'split', 'image_size', 'crop_size', 'scale_jitter')


def is_fraction(value: Any) -> bool:
    """Whether a value is a number in [0, 1]."""
    return type(value) in (int, float) and 0 <= value <= 1


def is_threshold(value: Any) -> bool:
    """Whether a value is 'matched' or a number in [0, 1]."""
    return value == 'matched' or is_fraction(value)


# What generate_pseudo_labels.py takes as options, and what it may be.
OPTIONAL = dict(
    box_thr=(is_threshold, "'matched' or a number in [0, 1]"),
    pixel_thr=(is_threshold, "'matched' or a number in [0, 1]"),
    score_floor=(is_fraction, 'a number in [0, 1]'),
    max_per_image=(lambda value: type(value) is int and value >= 1, 'a whole number >= 1'),
    on_unreadable=(lambda value: value in ('error', 'skip'), "'error' or 'skip'"),
    workers=(lambda value: type(value) is int and value >= 0, 'a whole number >= 0'),
    amp=(lambda value: type(value) is bool, 'True or False'))


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the student, with a `self_training`')
    parser.add_argument('--rounds', type=int, default=1, help='students in a row (default: 1)')
    parser.add_argument('--gpus', type=int, default=1, help='processes of this machine, each with '
                        'a GPU where there are any (default: 1)')
    parser.add_argument('--work-dir', type=Path,
                        help='default: work_dirs/self_training/<name of the config>')
    parser.add_argument('--teacher-work-dir', type=Path,
                        help="of the teacher's training, for several students of one teacher "
                        "(default: teacher in the work directory)")
    parser.add_argument('--port', type=int, default=29500, help='for --gpus above 1')
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=[],
                        help='override settings of the config; those of the data hold for the '
                        'teacher too')
    parser.add_argument('--teacher-cfg-options', nargs='+', metavar='KEY=VALUE', default=[],
                        help="override settings of the teacher's training")
    args = parser.parse_args()
    for name in ('rounds', 'gpus'):
        if vars(args)[name] < 1:
            parser.error(f'--{name} {vars(args)[name]}: give 1 or more')
    return args


def read_plan(cfg: Config, path: str) -> Any:
    """``self_training`` of a config.

    Raises:
        SystemExit: If it or a key is missing, a value is wrong, or a file is not there: hours
            before that file would be read.
    """
    if 'self_training' not in cfg:
        raise SystemExit(f'{path} has no `self_training` dict: give the config of a student, such '
                         'as configs/noisy_boundaries/mask-rcnn_r50_coco10pct.py')
    plan = cfg.self_training
    missing = [key for key in REQUIRED if key not in plan]
    if missing:
        raise SystemExit(f'self_training of {path} lacks {missing}: give self_training.preset, and '
                         'a data_set, from which the paths follow')
    checks = dict(OPTIONAL, preset=(lambda value: value in PRESETS, f'one of {PRESETS}'))
    for key, (is_right, words) in checks.items():
        if key in plan and not is_right(plan[key]):
            raise SystemExit(f'self_training.{key} = {plan[key]!r} of {path}: give {words}')
    for key in PATHS:
        if not Path(plan[key]).exists():
            raise SystemExit(f'self_training.{key} = {plan[key]!r} of {path} is not there: paths '
                             'start at the folder that this command is run in')
    return plan


class SelfTraining:
    """The steps, as commands.

    Args:
        args (Namespace): Command line.
        cfg (Config): The student's.
    """

    def __init__(self, args: argparse.Namespace, cfg: Config) -> None:
        self.args, self.cfg, self.plan = args, cfg, read_plan(cfg, args.config)
        work_dir = args.work_dir or WORK_DIRS / Path(args.config).stem
        self.folders = [work_dir / (f'round{number}' if number > 1 else '')
                        for number in range(1, args.rounds + 1)]
        self.teacher_dir = args.teacher_work_dir or work_dir / 'teacher'

    def run(self) -> Path:
        """Train teacher and students.

        Returns:
            Path: The last student's checkpoint.

        Raises:
            SystemExit: If a step fails, or a work directory was begun with others.
        """
        for folder in self.folders:
            # Before its labels are written anew, and before hours of the teacher's training.
            self.check(folder / 'student', self.cfg)
        predictions, options = self.teacher_dir, ['--supervised']
        checkpoint = self.train(self.teacher_dir, supervised=True)
        for folder in self.folders:
            self.label(options, checkpoint, predictions / 'predictions', folder / 'pseudo')
            predictions, options = folder / 'student', []
            checkpoint = self.train(predictions, folder / 'pseudo' / 'pseudo_labels.json')
        return checkpoint

    def train(self, folder: Path, labels: Optional[Path] = None, supervised: bool = False) -> Path:
        """Train the config to its end, going on from what there is.

        Args:
            folder (Path): Work directory.
            labels (Path, optional): The pseudo labels of a student. Defaults to None.
            supervised (bool): Whether to train the teacher. Defaults to False.

        Returns:
            Path: Its last checkpoint.
        """
        options = self.teacher_options() if supervised else self.args.cfg_options
        cfg = read_config(self.args.config, options, supervised)
        digest = sha256_of_file(labels) if labels else None
        found = self.check(folder, cfg, digest)
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
            self.start('train.py', self.args.config, *(['--supervised'] if supervised else []),
                       '--work-dir', str(folder), '--resume',
                       *(['--cfg-options', *options] if options else []))
        return last

    def teacher_options(self) -> List[str]:
        """Options of the teacher's config: its own, and those of the student about the data."""
        shared = [option for option in self.args.cfg_options
                  if option.partition('=')[0].partition('.')[0] in SHARED]
        return [*shared, *self.args.teacher_cfg_options]

    def check(self, folder: Path, cfg: Config, labels_sha256: Optional[str] = None
              ) -> Optional[str]:
        """Refuse a work directory whose training was begun with others.

        Args:
            folder (Path): Work directory.
            cfg (Config): What would be trained there.
            labels_sha256 (str, optional): Digest of its pseudo labels; None compares none.

        Returns:
            str | None: The checkpoint that training goes on from. Without one nothing is compared.

        Raises:
            SystemExit: With what differs.
        """
        try:
            found = find_resumable_checkpoint(folder)
        except CheckpointError as error:
            raise SystemExit(str(error)) from error
        try:
            if found is not None:
                check_training_record(folder, settings_of(cfg), labels_sha256)
        except ValueError as error:
            raise SystemExit(f'{error} (The options are --work-dir and --teacher-work-dir.)'
                             ) from error
        return found

    def label(self, options: List[str], checkpoint: Path, predictions: Path, out: Path) -> None:
        """Label the unlabeled images; what is predicted already is not predicted again."""
        plan = self.plan
        chosen = [f'--{key.replace("_", "-")}={plan[key]}' for key in OPTIONAL
                  if key in plan and key != 'amp'] + ['--amp'] * plan.get('amp', False)
        overrides = self.teacher_options() if options else self.args.cfg_options
        self.start('generate_pseudo_labels.py', self.args.config, str(checkpoint), *options,
                   '--unlabeled', plan.unlabeled, '--image-root', plan.image_root,
                   '--labeled', plan.labeled, '--preset', plan.preset,
                   '--predictions', str(predictions), '--out', str(out), *chosen,
                   *(['--cfg-options', *overrides] if overrides else []))

    def start(self, tool: str, *options: str) -> None:
        """Run a tool in a process of its own, or one per GPU.

        Raises:
            SystemExit: With the command, if it fails.
        """
        command = [sys.executable]
        if self.args.gpus > 1:
            command += ['-m', 'torch.distributed.run', f'--nproc_per_node={self.args.gpus}',
                        f'--master_port={self.args.port}']
            options = (*options, '--launcher', 'pytorch')
        command += [str(TOOLS / tool), *options]
        print('$', ' '.join(command), flush=True)
        if code := subprocess.run(command).returncode:
            raise SystemExit(f'{tool} ended with {code}; its message is above. Start this command '
                             'again to go on.')


def read_config(config: str, options: List[str], supervised: bool = False) -> Config:
    """A config with the options of its command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    parsed = parser.parse_args(['--cfg-options', *options] if options else [])
    cfg = load_config(config, parsed.cfg_options, supervised=supervised)
    cfg.pop('supervised', None)  # The teacher's settings are none of the student's.
    return cfg


def main() -> None:
    """Run all rounds and say what to evaluate."""
    args = parse_args()
    checkpoint = SelfTraining(args, read_config(args.config, args.cfg_options)).run()
    print(f'Done. Evaluate: python tools/test.py {args.config} {checkpoint}')


if __name__ == '__main__':
    main()
