"""Offline self-training: teacher, pseudo labels, student, for one or more rounds.

    mmssis self-train mmssis::noisy_boundaries/mask-rcnn_r50_coco10pct.py
    mmssis self-train CONFIG --gpus 4 --rounds 2

Trains the teacher, which is the supervised baseline of the config (mmssis train CONFIG
--supervised), lets it label the unlabeled images of data_set, and trains the config on both.
They go to teacher, pseudo and student of the work directory. In every further round the last
student is the teacher. Started again, it goes on where it was stopped; what is finished is not
done again. A work directory that was begun with other settings or pseudo labels is refused. The
steps are the commands that are printed, and can be run by hand.
"""

import argparse
from pathlib import Path

from .options import CFG_OPTIONS_HELP


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of self-training.

    Args:
        parser: of this verb.
    """
    parser.add_argument('config', help='config of the student, with a `self_training`')
    parser.add_argument('--rounds', type=int, default=1, help='students in a row (default: 1)')
    parser.add_argument('--gpus', type=int, default=1, help='processes of this machine, each with '
                        'a GPU where there are any (default: 1)')
    parser.add_argument('--work-dir', type=Path,
                        help='default: work_dirs/self_training/<name of the config>')
    parser.add_argument('--teacher-work-dir', type=Path,
                        help="of the teacher's training, for several students of one teacher "
                        '(default: teacher in the work directory)')
    parser.add_argument('--port', type=int, default=29500, help='for --gpus above 1')
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=[],
                        help=f'{CFG_OPTIONS_HELP}; those of the data hold for the teacher too')
    parser.add_argument('--teacher-cfg-options', nargs='+', metavar='KEY=VALUE', default=[],
                        help="override settings of the teacher's training")


def run(args: argparse.Namespace) -> None:
    """Run all rounds and say what to evaluate.

    Args:
        args: the arguments.
    """
    from mmssis.api import self_train
    checkpoint = self_train(
        args.config, rounds=args.rounds, gpus=args.gpus, work_dir=args.work_dir,
        teacher_work_dir=args.teacher_work_dir, port=args.port, cfg_options=args.cfg_options,
        teacher_cfg_options=args.teacher_cfg_options)
    print(f'Done. Evaluate: mmssis test {args.config} {checkpoint}')
