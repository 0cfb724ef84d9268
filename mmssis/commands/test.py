"""Evaluate a checkpoint, on a GPU or the CPU.

    mmssis test CONFIG CHECKPOINT                         # the teacher
    mmssis test CONFIG CHECKPOINT --predict-on both       # teacher and student

The metrics go to test_metrics.json of the work directory. Several GPUs: tools/dist_test.sh.
"""

import argparse
from pathlib import Path

from .options import add_run_arguments, keywords_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of testing.

    Args:
        parser: of this verb.
    """
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', type=Path,
                        help='checkpoint of a training, or an exported one')
    add_run_arguments(parser)
    parser.add_argument('--predict-on', choices=['teacher', 'student', 'both'],
                        help="whom to evaluate (default: the config's model.predict_on, which is "
                        'the teacher unless set)')
    parser.add_argument('--supervised', action='store_true',
                        help='the checkpoint is of mmssis train CONFIG --supervised')
    parser.add_argument('--verbose', action='store_true',
                        help='show all that goes to the log file, in place of a bar and the lines '
                        'that matter')
    parser.add_argument('--out', type=Path, metavar='FILE.pkl',
                        help='write the predictions; with "both" to FILE.teacher.pkl and '
                        'FILE.student.pkl')


def run(args: argparse.Namespace) -> None:
    """Evaluate and print the metrics.

    Args:
        args: the arguments.
    """
    if not args.checkpoint.is_file():
        args.parser.error(f'no such checkpoint: {args.checkpoint}')
    if args.out is not None and args.out.suffix not in ('.pkl', '.pickle'):
        args.parser.error(f'--out {args.out}: the predictions are a pickle, name it FILE.pkl')
    from mmssis import api
    from mmssis.engine.run import leave_process_group
    from mmssis.engine.terminal import ignore_library_warnings
    if not args.verbose:
        ignore_library_warnings()
    api.test(**keywords_of(args))
    leave_process_group()
