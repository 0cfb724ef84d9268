"""Convert Cityscapes' gtFine annotations to COCO JSON files of the 8 instance classes.

    python tools/dataset_converters/cityscapes_to_coco.py data/cityscapes
    python tools/dataset_converters/make_semi_splits.py \
        data/cityscapes/annotations/instancesonly_filtered_gtFine_train.json \
        --percents 5 10 20 30

``data/cityscapes`` holds ``leftImg8bit/`` and ``gtFine/``. ``annotations/
instancesonly_filtered_gtFine_{train,val}.json`` is written, under mmdet's file names. Groups
become crowd regions. ``*_instanceIds.png`` is read, or where it is missing ``*_polygons.json``.

``--unlabeled train_extra`` lists the 20,000 images with coarse labels as unlabeled ones, in
``annotations/image_info_train_extra.json``; the coarse labels are not read and need not be there.
"""

import argparse
import os
import sys

from mmssis.datasets.converters.cityscapes import convert_cityscapes, list_unlabeled
from mmssis.datasets.converters.coco_output import write_coco


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('root', help='folder with leftImg8bit/ and gtFine/')
    parser.add_argument('--splits', nargs='*', default=['train', 'val'],
                        help='splits to convert (default: train val)')
    parser.add_argument('--unlabeled', nargs='+', default=[], metavar='SPLIT',
                        help='splits to list without labels, e.g. train_extra (default: none)')
    parser.add_argument('--out', help='folder to write (default: annotations below the root)')
    return parser.parse_args()


def main() -> None:
    """Command line."""
    args = parse_args()
    out = args.out or os.path.join(args.root, 'annotations')
    os.makedirs(out, exist_ok=True)
    for split in args.splits:
        print(f'Converting {split} ...', flush=True)
        content = convert_cityscapes(args.root, split)
        write_coco(os.path.join(out, f'instancesonly_filtered_gtFine_{split}.json'), content)
    for split in args.unlabeled:
        print(f'Listing {split} ...', flush=True)
        content = list_unlabeled(args.root, split)
        write_coco(os.path.join(out, f'image_info_{split}.json'), content)


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError) as error:
        sys.exit(f'cityscapes_to_coco: {error}')
