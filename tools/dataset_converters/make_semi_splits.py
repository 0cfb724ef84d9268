"""Split a COCO data set into a labeled part and an unlabeled rest.

    python tools/dataset_converters/make_semi_splits.py \
        data/coco/annotations/instances_train2017.json --percents 1 2 5 10 --folds 1 2 3

writes ``data/coco/semi_anns/instances_train2017.{fold}@{percent}.json``, the same with
``-unlabeled`` (images only), and ``.ids.txt`` (the labeled ids and their SHA-256).
"""

import argparse
import os
import sys

from mmssis.datasets.checks.coco_validation import read_checked
from mmssis.datasets.converters.splits import (count_of_percent, draw_labeled_ids, ids_sha256,
                                               read_published_ids, write_split)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
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
    return parser.parse_args()


def drawn_splits(args: argparse.Namespace, content: dict) -> list[tuple[str, list, dict]]:
    """Name, labeled ids and note of each split that is drawn."""
    num_images = len(content['images'])
    sizes = ([(f'{p:g}', count_of_percent(p, num_images)) for p in args.percents]
             if args.percents else [(f'{count}images', count) for count in args.counts])
    splits = []
    for fold in args.folds:
        for name, count in sizes:
            ids = draw_labeled_ids(content, count, fold, args.seed, args.every_category)
            note = dict(fold=fold, seed=args.seed, every_category=args.every_category)
            splits.append((f'{fold}@{name}', ids, note))
    return splits


def published_splits(args: argparse.Namespace, content: dict) -> list[tuple[str, list, dict]]:
    """Name, labeled ids and note of each split that is read."""
    return [(os.path.splitext(os.path.basename(path))[0], read_published_ids(path, content),
             dict(published=os.path.basename(path))) for path in args.lists]


def main() -> None:
    """Command line."""
    args = parse_args()
    print(f'Reading {args.ann_file} ...', flush=True)
    content = read_checked(args.ann_file, masks=False)
    folder, name = os.path.split(args.ann_file)
    out = args.out or os.path.join(os.path.dirname(folder), 'semi_anns')
    stem = os.path.splitext(name)[0]
    splits = published_splits(args, content) if args.lists else drawn_splits(args, content)
    for i, (split, ids, note) in enumerate(splits, 1):
        paths = write_split(content, ids, os.path.join(out, f'{stem}.{split}'), note)
        print(f'[{i}/{len(splits)}] {paths[0]}: {len(ids)} labeled, '
              f'{len(content["images"]) - len(ids)} unlabeled, sha256 {ids_sha256(ids)[:16]}',
              flush=True)


if __name__ == '__main__':
    try:
        main()
    except ValueError as error:
        sys.exit(f'make_semi_splits: {error}')
