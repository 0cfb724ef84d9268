"""Offline self-training: teacher, pseudo labels, student, for one or more rounds.

    python tools/self_train.py configs/noisy_boundaries/mask-rcnn_r50_coco10pct.py
    python tools/self_train.py CONFIG --gpus 4 --rounds 2

Trains the teacher that ``self_training.teacher`` of the config names (once, whatever the number of
students), lets it label the unlabeled images, and trains the config on both. In every further round
the last student is the teacher. Started again, it goes on where it was stopped; what is finished is
not done again. The steps are the commands that are printed, and can be run by hand. A `data_set` of
the student's config (docs/custom_data.md) is the teacher's too.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any, List

from mmengine.config import Config, DictAction

from mmssis.engine.resume import find_resumable_checkpoint
from mmssis.utils.config import load_config

TOOLS = Path(__file__).parent
WORK_DIRS = Path('work_dirs', 'self_training')
REQUIRED = ('teacher', 'labeled', 'unlabeled', 'image_root', 'preset')
OPTIONAL = ('box_thr', 'pixel_thr')
PATHS = ('teacher', 'labeled', 'unlabeled', 'image_root')


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
        SystemExit: If it is missing, has a key too many or too few, or names a file that is not
            there: hours before that file would be read.
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
        self.args, self.plan = args, read_plan(cfg, args.config)
        self.data_set = cfg.get('data_set')
        self.work_dir = args.work_dir or WORK_DIRS / Path(args.config).stem
        self.teacher_dir = args.teacher_work_dir or WORK_DIRS / Path(self.plan.teacher).stem

    def run(self) -> Path:
        """Train teacher and students.

        Returns:
            Path: The last student's checkpoint.
        """
        config, predictions = self.teacher_config(), self.teacher_dir
        options = self.args.teacher_cfg_options
        checkpoint = self.train(config, self.teacher_dir, options)
        for number in range(1, self.args.rounds + 1):
            folder = self.work_dir if number == 1 else self.work_dir / f'round{number}'
            self.label(config, options, checkpoint, predictions / 'predictions', folder / 'pseudo')
            labels = folder / 'pseudo' / 'pseudo_labels.json'
            checkpoint = self.train(self.args.config, folder, [
                f'train_dataloader.dataset.datasets.1.ann_file={labels}', *self.args.cfg_options])
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

    def train(self, config: str, folder: Path, options: List[str]) -> Path:
        """Train a config to its end, going on from what there is.

        Returns:
            Path: Its last checkpoint.
        """
        last = folder / f'iter_{read_config(config, options).train_cfg.max_iters}.pth'
        found = find_resumable_checkpoint(folder)
        if found is None or Path(found).name != last.name:
            self.start('train.py', config, '--work-dir', str(folder), '--resume',
                       *(['--cfg-options', *options] if options else []))
        return last

    def label(self, config: str, options: List[str], checkpoint: Path, predictions: Path,
              out: Path) -> None:
        """Label the unlabeled images; what is predicted already is not predicted again."""
        plan = self.plan
        thresholds = [f'--{key.replace("_", "-")}={plan[key]}' for key in OPTIONAL if key in plan]
        self.start('generate_pseudo_labels.py', config, str(checkpoint),
                   '--unlabeled', plan.unlabeled, '--image-root', plan.image_root,
                   '--labeled', plan.labeled, '--preset', plan.preset,
                   '--predictions', str(predictions), '--out', str(out), *thresholds,
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
