"""Offline self-training: teacher, pseudo labels, student, for one or more rounds.

    python tools/self_train.py configs/noisy_boundaries/mask-rcnn_r50_coco10pct.py
    python tools/self_train.py CONFIG --gpus 4 --rounds 2

Trains the teacher that ``self_training.teacher`` of the config names (once, whatever the number of
students), lets it label the unlabeled images, and trains the config on both. In every further round
the last student is the teacher. Started again, it goes on where it was stopped; what is finished is
not done again. A work directory that was begun with other settings or pseudo labels is refused. The
steps are the commands that are printed, and can be run by hand. A `data_set` of the student's
config (docs/custom_data.md) is the teacher's too.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any, List, Optional

from mmengine.config import Config, DictAction

from mmssis.engine.resume import find_resumable_checkpoint
from mmssis.offline.fingerprint import sha256_of_file
from mmssis.offline.training_record import (RECORD, check_training_record, settings_of,
                                            write_training_record)
from mmssis.offline.tta_views import PRESETS
from mmssis.utils.config import load_config

TOOLS = Path(__file__).parent
WORK_DIRS = Path('work_dirs', 'self_training')
REQUIRED = ('teacher', 'labeled', 'unlabeled', 'image_root', 'preset')
PATHS = ('teacher', 'labeled', 'unlabeled', 'image_root')


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
                        help="of the teacher's training "
                        "(default: work_dirs/self_training/<name of its config>)")
    parser.add_argument('--port', type=int, default=29500, help='for --gpus above 1')
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=[],
                        help="override settings of the student's config")
    parser.add_argument('--teacher-cfg-options', nargs='+', metavar='KEY=VALUE', default=[],
                        help="override settings of the teacher's config")
    args = parser.parse_args()
    for name in ('rounds', 'gpus'):
        if vars(args)[name] < 1:
            parser.error(f'--{name} {vars(args)[name]}: give 1 or more')
    return args


def read_plan(cfg: Config, path: str) -> Any:
    """``self_training`` of a config.

    Raises:
        SystemExit: If it is missing, has a key too many or too few, or a wrong value, or names a
            file that is not there: hours before that file would be read.
    """
    if 'self_training' not in cfg:
        raise SystemExit(f'{path} has no `self_training` dict: give the config of a student, such '
                         'as configs/noisy_boundaries/mask-rcnn_r50_coco10pct.py')
    plan = cfg.self_training
    missing = [key for key in REQUIRED if key not in plan]
    unknown = sorted(set(plan) - {*REQUIRED, *OPTIONAL})
    if missing or unknown:
        raise SystemExit(f'self_training of {path}: missing {missing}, unknown {unknown}; the keys '
                         f'are {", ".join(REQUIRED)} and, if wanted, {", ".join(OPTIONAL)}')
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
        self.data_set = cfg.get('data_set')
        self.work_dir = args.work_dir or WORK_DIRS / Path(args.config).stem
        self.folders = [self.work_dir / (f'round{number}' if number > 1 else '')
                        for number in range(1, args.rounds + 1)]
        self.teacher_dir = args.teacher_work_dir or WORK_DIRS / Path(self.plan.teacher).stem

    def run(self) -> Path:
        """Train teacher and students.

        Returns:
            Path: The last student's checkpoint.

        Raises:
            SystemExit: If a step fails, or a work directory was begun with others.
        """
        for folder in self.folders:
            # Before its labels are written anew, and before hours of the teacher's training.
            self.check(folder, self.cfg)
        config, predictions = self.teacher_config(), self.teacher_dir
        options = self.args.teacher_cfg_options
        checkpoint = self.train(config, self.teacher_dir, options)
        for folder in self.folders:
            self.label(config, options, checkpoint, predictions / 'predictions', folder / 'pseudo')
            checkpoint = self.train(self.args.config, folder, self.args.cfg_options,
                                    folder / 'pseudo' / 'pseudo_labels.json')
            config, options, predictions = self.args.config, self.args.cfg_options, folder
        return checkpoint

    def teacher_config(self) -> str:
        """The teacher's config file, on the student's data."""
        if self.data_set is None:
            return self.plan.teacher
        self.teacher_dir.mkdir(parents=True, exist_ok=True)
        path = self.teacher_dir / 'on_own_data.py'
        path.write_text(f'_base_ = {str(Path(self.plan.teacher).resolve())!r}\n'
                        f'data_set = {self.data_set.to_dict()!r}\n')
        return str(path)

    def train(self, config: str, folder: Path, options: List[str],
              labels: Optional[Path] = None) -> Path:
        """Train a config to its end, going on from what there is.

        Args:
            config (str): File of the config.
            folder (Path): Work directory.
            options (list[str]): That override the config.
            labels (Path, optional): The pseudo labels of a student. Defaults to None.

        Returns:
            Path: Its last checkpoint.
        """
        cfg = read_config(config, options)
        digest = sha256_of_file(labels) if labels else None
        found = self.check(folder, cfg, digest)
        if found is None:
            write_training_record(folder, settings_of(cfg), digest)
        elif not (folder / RECORD).exists():
            print(f'Warning: {folder} holds a training without {RECORD}, begun by an earlier '
                  'version or by hand. Nobody can say what it was made with; it is taken as it '
                  'is.', flush=True)
        if labels:
            options = [f'train_dataloader.dataset.datasets.1.ann_file={labels}', *options]
        last = folder / f'iter_{cfg.train_cfg.max_iters}.pth'
        if found is None or Path(found).name != last.name:
            self.start('train.py', config, '--work-dir', str(folder), '--resume',
                       *(['--cfg-options', *options] if options else []))
        return last

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
        found = find_resumable_checkpoint(folder)
        try:
            if found is not None:
                check_training_record(folder, settings_of(cfg), labels_sha256)
        except ValueError as error:
            raise SystemExit(f'{error} (The options are --work-dir and --teacher-work-dir.)'
                             ) from error
        return found

    def label(self, config: str, options: List[str], checkpoint: Path, predictions: Path,
              out: Path) -> None:
        """Label the unlabeled images; what is predicted already is not predicted again."""
        plan = self.plan
        chosen = [f'--{key.replace("_", "-")}={plan[key]}' for key in OPTIONAL
                  if key in plan and key != 'amp'] + ['--amp'] * plan.get('amp', False)
        self.start('generate_pseudo_labels.py', config, str(checkpoint),
                   '--unlabeled', plan.unlabeled, '--image-root', plan.image_root,
                   '--labeled', plan.labeled, '--preset', plan.preset,
                   '--predictions', str(predictions), '--out', str(out), *chosen,
                   *(['--cfg-options', *options] if options else []))

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


def read_config(config: str, options: List[str]) -> Config:
    """A config with the options of its command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    parsed = parser.parse_args(['--cfg-options', *options] if options else [])
    return load_config(config, parsed.cfg_options)


def main() -> None:
    """Run all rounds and say what to evaluate."""
    args = parse_args()
    checkpoint = SelfTraining(args, read_config(args.config, args.cfg_options)).run()
    print(f'Done. Evaluate: python tools/test.py {args.config} {checkpoint}')


if __name__ == '__main__':
    main()
