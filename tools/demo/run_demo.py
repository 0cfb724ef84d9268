"""The demo: PL-DC against the supervised baseline, from nothing but packages.

    python tools/demo/run_demo.py [--seed 0] [--work-dir work_dirs/demo]

1. generates images of look-alike shapes, a few of them labeled;
2. trains a small CLIP on crops of other images with captions;
3. trains the supervised baseline, whose checkpoint at the end of burn-in
4. PL-DC goes on from: both get the same labels, views and number of student updates;
5. draws the pseudo labels of an unlabeled image, stage by stage.

A stage whose result is there, made with the same settings, is not run again; an interrupted
training resumes. What was made with other settings is made anew.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List, NamedTuple

from mmengine.config import Config

ROOT = Path(__file__).resolve().parents[2]
CONFIG = 'configs/demo/mask2former_lite0_demo.py'
# What libraries say at every start, of no use here: a data set format, an untrained CLIP.
NOTES = ('Skipping OneDL', 'No pretrained weights loaded')
# What a stage's images depend on, and what its folder says about how it was made.
GENERATOR = ('tools/demo/demo_shapes.py', 'tools/demo/demo_shapes_coco.py')
MADE_WITH, FINISHED = 'made_with.json', 'finished'
METRICS = ('segm_mAP', 'segm_mAP_50', 'segm_mAP_75')


class Sizes(NamedTuple):
    """How much data and training.

    Attributes:
        train: generated training images; all but ``labeled`` lose their labels.
        val: generated validation images.
        labeled: labeled images.
        burn_in: supervised updates before PL-DC learns from pseudo labels.
        updates: student updates of each run.
        clip_steps: updates of the small CLIP.
        clip_scenes: images its crops are cut from.
    """

    train: int
    val: int
    labeled: int
    burn_in: int
    updates: int
    clip_steps: int
    clip_scenes: int


FULL = Sizes(train=400, val=100, labeled=16, burn_in=200, updates=600, clip_steps=300,
             clip_scenes=1200)
QUICK = Sizes(train=12, val=4, labeled=4, burn_in=2, updates=4, clip_steps=2, clip_scenes=60)


class Demo:
    """The stages, in one work directory.

    Args:
        work_dir: where everything is written.
        seed: of images, labels and training.
        sizes: how much data and training.
    """

    def __init__(self, work_dir: Path, seed: int, sizes: Sizes) -> None:
        self.seed, self.sizes = seed, sizes
        self.clip_dir = work_dir / 'clip'
        self.seed_dir = work_dir / f'seed{seed}'
        self.data = self.seed_dir / 'data'

    def run(self) -> None:
        """All stages, then the table."""
        stages = [('images with a few labels', self.make_data), ('small CLIP', self.train_clip),
                  ('supervised baseline', self.train_supervised), ('PL-DC', self.train_pldc),
                  ('page about the run', self.write_page)]
        for number, (title, stage) in enumerate(stages, 1):
            print(f'[{number}/{len(stages)}] {title}', flush=True)
            start = time.monotonic()
            stage()
            print(f'[{number}/{len(stages)}] done after {time.monotonic() - start:.0f} s',
                  flush=True)
        self.print_table()

    def make_data(self) -> None:
        """Generate the images; keep the labels of a few."""
        sizes = self.sizes
        made_with = dict(seed=self.seed, train=sizes.train, val=sizes.val,
                         labeled=sizes.labeled, generator=digest(*GENERATOR))
        if not begin(self.data, made_with):
            return
        run('tools/dataset_converters/make_demo_data.py', self.data, '--seed', self.seed,
            '--train', sizes.train, '--val', sizes.val, '--size', 128)
        run('tools/dataset_converters/make_semi_splits.py',
            self.data / 'annotations/instances_train.json', '--counts', sizes.labeled,
            '--seed', self.seed, '--every-category', '--out', self.data / 'semi_anns')
        for kind in ('', '-unlabeled'):
            split = self.data / f'semi_anns/instances_train.1@{sizes.labeled}images{kind}.json'
            split.replace(self.data / f'semi_anns/labeled{kind}.json')
        finish(self.data)

    def train_clip(self) -> None:
        """Train the small CLIP, once for all seeds."""
        made_with = dict(steps=self.sizes.clip_steps, scenes=self.sizes.clip_scenes,
                         script=digest('tools/demo/train_demo_clip.py', *GENERATOR))
        if begin(self.clip_dir, made_with):
            run('tools/demo/train_demo_clip.py', self.clip_dir, '--steps',
                self.sizes.clip_steps, '--scenes', self.sizes.clip_scenes)
            finish(self.clip_dir)

    def train_supervised(self) -> None:
        """Learn from the labels alone, for all updates."""
        self._train('supervised', [self.data], ['--supervised'])

    def train_pldc(self) -> None:
        """Go on from the baseline's checkpoint at the end of burn-in."""
        supervised = self.seed_dir / 'supervised'
        classifier, clip = 'model.pseudo_label_hooks.dicc.classifier', self.clip_dir / 'demo_clip'
        self._train('pldc', [self.data, self.clip_dir, supervised],
                    ['--resume', supervised / f'iter_{self.sizes.burn_in}.pth'],
                    f'schedule.burn_in={self.sizes.burn_in}', f'{classifier}.model={clip}.json',
                    f'{classifier}.pretrained={clip}.pt')

    def _train(self, name: str, sources: List[Path], arguments: List[object],
               *options: str) -> None:
        """One training through ``tools/train.py``; resumes where one was interrupted."""
        folder = self.seed_dir / name
        options = (f'data_set.root={self.data}', f'randomness.seed={self.seed}',
                   f'schedule.max_iters={self.sizes.updates}',
                   f'train_cfg.val_interval={self.sizes.updates}',
                   f'default_hooks.checkpoint.interval={self.sizes.burn_in}', *options)
        config = Config.fromfile(ROOT / CONFIG).to_dict()
        if not begin(folder, dict(options=options, config=config), *sources):
            return
        if list(folder.glob('iter_*.pth')):
            arguments = [*(a for a in arguments if a == '--supervised'), '--resume']
        run('tools/train.py', CONFIG, '--work-dir', folder, *arguments, '--cfg-options', *options,
            follow=True)
        finish(folder)

    def write_page(self) -> None:
        """Show the run and what became of the teacher's candidates."""
        run('-m', 'mmssis', 'report', self.seed_dir / 'pldc',
            '--baseline', self.seed_dir / 'supervised')

    def print_table(self) -> None:
        """The comparison, and where the page is."""
        rows = {'supervised': last_metrics(self.seed_dir / 'supervised', 'student'),
                'PL-DC, teacher': last_metrics(self.seed_dir / 'pldc', 'teacher')}
        print(f'\nMask AP on {self.sizes.val} validation images: {self.sizes.labeled} labeled '
              f'images, {self.sizes.train - self.sizes.labeled} without labels, '
              f'{self.sizes.updates} student updates each, seed {self.seed}\n')
        print('| | mask AP | AP50 | AP75 |\n|---|---|---|---|')
        for name, metrics in rows.items():
            print(f'| {name} | ' + ' | '.join(f'{100 * metrics[key]:.1f}' for key in METRICS)
                  + ' |')
        print(f'\nThe run, and its pseudo labels stage by stage: '
              f'{self.seed_dir / "pldc" / "report.html"}')


def begin(folder: Path, settings: Dict[str, object], *sources: Path) -> bool:
    """Say whether a stage has to run; empty its folder first if it was made otherwise.

    Args:
        folder: of the stage.
        settings: everything it depends on.
        *sources: folders of earlier stages; what they were made with counts as a setting.

    Raises:
        SystemExit: if the folder is somebody else's.
    """
    made_with = json.loads(json.dumps(dict(settings, sources=[
        (path / MADE_WITH).read_text() for path in sources])))
    marker = folder / MADE_WITH
    if marker.exists() and json.loads(marker.read_text()) == made_with:
        return not (folder / FINISHED).exists()
    if folder.exists() and not marker.exists():
        raise SystemExit(f'{folder} exists, but not by this demo (it has no {MADE_WITH}): '
                         'remove it or give another --work-dir')
    if folder.exists():
        print(f'  {folder} was made with other settings: making it anew', flush=True)
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    marker.write_text(json.dumps(made_with, indent=1))
    return True


def finish(folder: Path) -> None:
    """Mark a stage's folder as complete."""
    (folder / FINISHED).touch()


def digest(*paths: str) -> str:
    """SHA-256 of files of the repository, 16 digits."""
    return hashlib.sha256(b''.join((ROOT / path).read_bytes() for path in paths)
                          ).hexdigest()[:16]


def run(script: str, *arguments: object, follow: bool = False) -> None:
    """Run one of the project's scripts, or a module.

    Args:
        script: path below the repository, or '-m' and the module as the first argument.
        *arguments: its arguments.
        follow: show a training's progress on one line in place of its whole log, which is in
            the work directory.

    Raises:
        SystemExit: if the script fails, with the end of its output.
    """
    program = script if script == '-m' else str(ROOT / script)
    command = [sys.executable, program, *map(str, arguments)]
    tail: List[str] = []
    process = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    for line in process.stdout:
        if any(note in line for note in NOTES):
            continue
        tail = [*tail[-40:], line]
        if not follow:
            print('  ' + line, end='', flush=True)
        elif 'Iter(' in line:
            print('  ' + brief(line), flush=True)
    if process.wait():
        raise SystemExit(f'{" ".join(command[1:3])} failed:\n' + ''.join(tail))


def brief(line: str) -> str:
    """Iteration, time left and total loss of a line of mmengine's log."""
    parts = line[line.index('Iter('):].split('  ')
    wanted = ('Iter(', 'eta:', 'time:', 'loss:', 'pseudo/instances_per_image',
              'teacher/coco/segm_mAP:')
    return '  '.join(part.strip() for part in parts if part.strip().startswith(wanted))


def last_metrics(folder: Path, branch: str) -> Dict[str, float]:
    """Metrics of the last validation of a run.

    Args:
        folder: its work directory.
        branch: 'teacher' or 'student'.

    Returns:
        Metrics by their COCO names, in [0, 1].
    """
    logs = sorted(folder.glob('*/vis_data/scalars.json'))
    entries = [json.loads(line) for log in logs for line in log.read_text().splitlines()]
    prefix = f'{branch}/coco/'
    found = [entry for entry in entries if prefix + METRICS[0] in entry][-1]
    return {key: found[prefix + key] for key in METRICS}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--work-dir', type=Path, default=ROOT / 'work_dirs/demo')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--quick', action='store_true',
                        help='a few steps of everything, to see that it runs')
    args = parser.parse_args()
    Demo(args.work_dir.resolve(), args.seed, QUICK if args.quick else FULL).run()


if __name__ == '__main__':
    main()
