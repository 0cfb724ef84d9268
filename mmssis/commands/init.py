"""Write a config for your own data: the account of the data, choices with reasons, time and memory.

Without --val, a fifth of the labeled images is split off to validate on. Your files are only read.
"""

import argparse

from .options import keywords_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments.

    Args:
        parser: gets them.
    """
    parser.add_argument('--labeled', required=True, metavar='FILE',
                        help='COCO annotation file with masks')
    parser.add_argument('--images', required=True, metavar='FOLDER',
                        help='folder that its file names are relative to')
    parser.add_argument('--unlabeled', required=True, metavar='FOLDER|FILE',
                        help='folder of images without labels, or a COCO file (.json) that lists '
                        'images of --images; it may hold labeled images too, they are left out')
    parser.add_argument('--val', metavar='FILE',
                        help='COCO annotation file to validate on (default: a part of --labeled)')
    parser.add_argument('--val-images', metavar='FOLDER',
                        help='folder of the images of --val (default: that of --images)')
    parser.add_argument('--out', default='my_config.py', metavar='CONFIG',
                        help='config to write (default: my_config.py)')
    parser.add_argument('--no-measure', dest='measure', action='store_false',
                        help='leave out the estimate of time and memory')
    parser.add_argument('--force', action='store_true',
                        help='replace files of the same names')


def run(args: argparse.Namespace) -> None:
    """Write the config.

    Args:
        args: the arguments.
    """
    from mmssis.api import init
    init(**keywords_of(args))
