"""Convert PASCAL VOC 2012 and SBD to COCO JSON files.

    ln -s VOCdevkit/VOC2012 data/voc
    python tools/dataset_converters/voc_to_coco.py data/voc data/benchmark_RELEASE/dataset

``data/voc`` holds JPEGImages/, ImageSets/, SegmentationClass/ and SegmentationObject/ of VOC 2012,
``data/benchmark_RELEASE/dataset`` the inst/, train.txt and val.txt of SBD, whose images are VOC's.
``annotations/instances_train_sbd.json`` is written, VOC 2012 train and SBD without VOC 2012 val
(10,582 images), and ``annotations/instances_val.json``, VOC 2012 val (1,449 images).
"""

import argparse
import os
import sys

from mmssis.datasets.converters.coco_output import write_coco
from mmssis.datasets.converters.voc import convert_train_sbd, convert_val


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('root', help='VOCdevkit/VOC2012')
    parser.add_argument('sbd', help='benchmark_RELEASE/dataset')
    parser.add_argument('--out', help='folder to write (default: annotations below the root)')
    return parser.parse_args()


def main() -> None:
    """Command line."""
    args = parse_args()
    out = args.out or os.path.join(args.root, 'annotations')
    os.makedirs(out, exist_ok=True)
    print('Converting val ...', flush=True)
    write_coco(os.path.join(out, 'instances_val.json'), convert_val(args.root))
    print('Converting train and SBD ...', flush=True)
    write_coco(os.path.join(out, 'instances_train_sbd.json'),
               convert_train_sbd(args.root, args.sbd))


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError) as error:
        sys.exit(f'voc_to_coco: {error}')
