"""Say what a trained model gets wrong, what it costs in AP, and what to do about it.

    mmssis diagnose bolts.py work_dirs/bolts/iter_5000.pth
    mmssis diagnose bolts.py work_dirs/bolts/iter_5000.pth --precision 0.6 0.8 \\
        --labeled more.json --images data/bolts/images

Looks at labeled images that were not trained on: those of validation, or others. Prints, and
writes to diagnosis.json,

- what AP would gain without each kind of error (TIDE): wrong classes, poor masks, duplicates,
  background, missed objects;
- precision and recall of pseudo labels over the thresholds of their filter, and the thresholds
  with the highest recall for a precision, as options to paste;
- what to do about the errors that stand out.

Pseudo labels are judged on the test-time view. One is correct with the right class and an IoU of
at least 0.5; a second one of the same object is wrong. Thresholds that fit the end of burn-in let
more errors pass later, when the teacher is surer of itself: diagnose a later checkpoint, too.
"""

import argparse

from .options import add_cfg_options, keywords_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a diagnosis.

    Args:
        parser: of this verb.
    """
    parser.add_argument('config', help='config of the training, or a shipped one')
    parser.add_argument('checkpoint', help='its checkpoint, or its work directory: the '
                        'best checkpoint, or else the last')
    parser.add_argument('--labeled', metavar='FILE',
                        help='COCO file of labeled images (default: those of validation); images '
                        'that the config trains on are left out')
    parser.add_argument('--images', metavar='DIR',
                        help='folder that the file names of --labeled are relative to')
    parser.add_argument('--precision', type=float, nargs='+', default=[0.7], metavar='P',
                        help='precision that pseudo labels shall have, one or several '
                        '(default: 0.7)')
    parser.add_argument('--max-images', type=int, default=1000,
                        help='look at so many images at most, evenly spread (default: 1000)')
    parser.add_argument('--out', default='diagnosis.json', metavar='FILE',
                        help='file of the numbers (default: diagnosis.json)')
    parser.add_argument('--overwrite', action='store_true', help='replace a file that exists')
    parser.add_argument('--device', help='default: cuda where there is a GPU, else cpu')
    add_cfg_options(parser)


def run(args: argparse.Namespace) -> None:
    """Diagnose.

    Args:
        args: the arguments.
    """
    if args.images and not args.labeled:
        args.parser.error('--images belongs to --labeled: give both, or none')
    from mmssis.api import diagnose
    diagnose(**keywords_of(args))
