"""Draw what a model sees in images or videos, and write it as a COCO file.

    mmssis predict work_dirs/bolts/iter_20000.pth photos
    mmssis predict work_dirs/bolts photos a.jpg clip.mp4 --out-dir seen --score-thr 0.5

The config is the one that the training left beside the checkpoint, or that of an exported one
(detector.py beside detector.pth). OUT_DIR gets a picture for each image, with the sub-folders of
a folder, a video for each video (mp4), and predictions.json: images (frames of videos, too),
categories and masks with scores. An image that cannot be read is named at the end, all others
are done, and the exit status is 1.
"""

import argparse
from pathlib import Path

from .options import keywords_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of prediction.

    Args:
        parser: of this verb.
    """
    parser.add_argument('model', help='checkpoint of a training, an exported one, or a work '
                        'directory: its best checkpoint, or else its last')
    parser.add_argument('sources', nargs='+', metavar='IMAGE|FOLDER|VIDEO')
    parser.add_argument('--config', help='config of the model (default: the one beside it)')
    parser.add_argument('--out-dir', type=Path, default=Path('predictions'),
                        help='folder of the results (default: predictions)')
    parser.add_argument('--score-thr', type=float, default=0.3,
                        help='instances below are left out (default: 0.3)')
    parser.add_argument('--branch', choices=['teacher', 'student'],
                        help='of a semi-supervised model (default: what its config predicts with)')
    parser.add_argument('--device', help='default: cuda where there is a GPU, else cpu')
    parser.add_argument('--batch-size', type=int, default=1,
                        help='images at once; of different sizes they are padded (default: 1)')


def run(args: argparse.Namespace) -> None:
    """Predict.

    Args:
        args: the arguments.
    """
    from mmssis.api import predict
    predict(**keywords_of(args))
