"""Generate the demo's data: images of look-alike shapes with masks, in COCO format.

    python tools/dataset_converters/make_demo_data.py data/demo --train 400 --val 100 --size 128

writes ``train/``, ``val/`` and ``annotations/instances_{train,val}.json``. The same seed gives
the same images; splits for semi-supervised training: ``make_semi_splits.py``.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'demo'))
from demo_shapes_coco import write_demo_dataset  # noqa: E402


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('out', type=Path, help='folder to write')
    parser.add_argument('--seed', type=int, default=0, help='of the images (default: 0)')
    parser.add_argument('--train', type=int, default=400, help='training images (default: 400)')
    parser.add_argument('--val', type=int, default=100, help='validation images (default: 100)')
    parser.add_argument('--size', type=int, default=192,
                        help='side of the square images in pixels (default: 192)')
    parser.add_argument('--tail', type=float, default=0.8, metavar='EXPONENT',
                        help='how uneven the categories are; 0: equally frequent (default: 0.8)')
    return parser.parse_args()


def main() -> None:
    """Command line."""
    args = parse_args()
    write_demo_dataset(args.out, args.seed, args.train, args.val, args.size, args.tail)
    print(f'Written to {args.out}')


if __name__ == '__main__':
    main()
