"""Split a COCO data set into a labeled part and an unlabeled rest.

    mmssis split data/coco/annotations/instances_train2017.json --percents 1 2 5 10 --folds 1 2 3

writes data/coco/semi_anns/instances_train2017.{fold}@{percent}.json, the same with -unlabeled
(images only), and .ids.txt (the labeled ids and their SHA-256).
"""

import argparse

from .options import keywords_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of splitting.

    Args:
        parser: of this verb.
    """
    parser.add_argument('ann_file', help='COCO JSON of the whole data set')
    parser.add_argument('--out',
                        help='folder to write (default: semi_anns beside that of the JSON)')
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument('--percents', type=float, nargs='+', help='labeled percentages')
    size.add_argument('--counts', type=int, nargs='+', help='numbers of labeled images')
    size.add_argument('--list', dest='lists', nargs='+', metavar='FILE',
                      help='published splits: ids or file names (txt, json) or a split COCO JSON')
    parser.add_argument('--folds', type=int, nargs='+', default=[1],
                        help='independent draws (default: 1)')
    parser.add_argument('--seed', type=int, default=0, help='of the draws (default: 0)')
    parser.add_argument('--every-category', action='store_true',
                        help='every category that has an instance occurs in each split')


def run(args: argparse.Namespace) -> None:
    """Split.

    Args:
        args: the arguments.
    """
    from mmssis.api import split
    split(**keywords_of(args))
