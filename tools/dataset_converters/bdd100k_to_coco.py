"""Convert BDD100K's instance segmentation to COCO JSON files, and list its unlabeled images.

    python tools/dataset_converters/bdd100k_to_coco.py data/bdd100k

``data/bdd100k`` holds ``images/10k/``, ``images/100k/train`` and ``labels/ins_seg/`` as unpacked
from the archives. ``annotations/ins_seg_{train,val}_{format}.json`` are written, and
``annotations/unlabeled.json``: the images of 100k/train that are not in the 10K set (67,000).

The AP of one and the same model depends on the format: 21.8, 19.8 and 16.8 have been reported for
Mask R-CNN R50 (bdd100k/bdd100k, issue 160). In ``bitmasks`` an object hides what is behind it;
``polygons`` are drawn one by one and may overlap; ``rles`` are what the file holds. Name the format
with every number, and compare numbers of one format only.
"""

import argparse
import os
import sys

from mmssis.datasets.converters.bdd100k import FORMATS, convert_bdd100k, list_unlabeled
from mmssis.datasets.converters.coco_output import write_coco


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('root', help='folder with images/ and labels/')
    parser.add_argument('--format', choices=FORMATS, default='bitmasks', dest='source',
                        help='labels to read: labels/ins_seg/FORMAT (default: bitmasks)')
    parser.add_argument('--splits', nargs='*', default=['train', 'val'],
                        help='labeled splits to convert (default: train val)')
    parser.add_argument('--no-unlabeled', action='store_true',
                        help='do not list the unlabeled images')
    parser.add_argument('--out', help='folder to write (default: annotations below the root)')
    return parser.parse_args()


def main() -> None:
    """Command line."""
    args = parse_args()
    out = args.out or os.path.join(args.root, 'annotations')
    os.makedirs(out, exist_ok=True)
    for split in args.splits:
        print(f'Converting {split} from {args.source} ...', flush=True)
        write_coco(os.path.join(out, f'ins_seg_{split}_{args.source}.json'),
                   convert_bdd100k(args.root, split, args.source))
    if not args.no_unlabeled:
        print('Listing unlabeled images ...', flush=True)
        write_coco(os.path.join(out, 'unlabeled.json'), list_unlabeled(args.root))


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError) as error:
        sys.exit(f'bdd100k_to_coco: {error}')
