"""Label images with a trained model: pseudo labels as a COCO file.

    mmssis label CONFIG CHECKPOINT --unlabeled data/mine/unlabeled \\
        --labeled data/mine/labeled.json --out data/mine/pseudo

Two stages. The model, of mmssis or mmdet, says what it sees in every image; that goes to
OUT/predictions, an image at a time. Stopped, the same command goes on; it may be started with
another number of processes (torchrun --nproc_per_node=4 -m mmssis label ... --launcher pytorch).
Then thresholds are matched to the labeled images (Noisy Boundaries, section 3.1) or set, and
OUT/pseudo_labels.json, a COCO file with scores, and OUT/thresholds.json are written. The same
command with other thresholds runs the second stage alone.

--boxes in place of --unlabeled and --labeled: images whose true boxes are known. Each box gets
the mask of at most one prediction of a CondInst (BoxTeacher, Alg. 1); the file has all boxes,
those without a mask with an empty one, for a training of a plain CondInst.
"""

import argparse
from pathlib import Path
from typing import Union

from .options import add_cfg_options, add_launcher, keywords_of

PRESETS = ('none', 'fast', 'paper')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of labeling.

    Args:
        parser: of this verb.
    """
    parser.add_argument('config', help='config of the model, of mmssis or of mmdet')
    parser.add_argument('checkpoint', type=Path, help='its weights')
    _add_images(parser)
    parser.add_argument('--out', type=Path, required=True, help='folder of the labels')
    parser.add_argument('--predictions', type=Path,
                        help='folder of the predictions (default: OUT/predictions)')
    parser.add_argument('--branch', choices=['teacher', 'student'],
                        help='of a semi-supervised model (default: what its config predicts with)')
    parser.add_argument('--supervised', action='store_true',
                        help='the checkpoint is of mmssis train CONFIG --supervised')
    _add_limits(parser)
    parser.add_argument('--workers', type=int, default=2, help='processes that read images')
    parser.add_argument('--amp', action='store_true', help='half precision')
    parser.add_argument('--device', help='default: cuda where there is a GPU, else cpu')
    add_launcher(parser)
    add_cfg_options(parser)


def _add_images(parser: argparse.ArgumentParser) -> None:
    """The images, and what is known of them."""
    parser.add_argument('--unlabeled', help='folder of images, or COCO file that lists them')
    parser.add_argument('--boxes', help='COCO file of images with their true boxes')
    parser.add_argument('--image-root', help='folder that file names are relative to (default: '
                        'the folder of --unlabeled or --boxes)')
    parser.add_argument('--labeled',
                        help='COCO file of the labeled images, which thresholds are matched to')


def _add_limits(parser: argparse.ArgumentParser) -> None:
    """Views, thresholds and what else decides on the labels."""
    parser.add_argument('--preset', choices=PRESETS,
                        help='views of each image: none (the test scale), fast (and its flip) or '
                        'paper (nine scales and their flips) (default: fast; none with --boxes)')
    parser.add_argument('--box-thr', type=threshold, default='matched', metavar='T',
                        help="score of a detection: 'matched' by class, which keeps none of a "
                        'class without labeled instance, or one for all classes')
    parser.add_argument('--pixel-thr', type=threshold, default='matched', metavar='T',
                        help="probability of a mask's pixels: 'matched', or a number")
    parser.add_argument('--score-floor', type=float, default=0.05,
                        help='detections below are not kept (default: 0.05)')
    parser.add_argument('--max-per-image', type=int, default=100)
    parser.add_argument('--on-unreadable', choices=['error', 'skip'], default='error',
                        help='error: do all others, then stop without labels; skip: leave the '
                        'images out')


def threshold(text: str) -> Union[str, float]:
    """Read 'matched' or a number in [0, 1].

    Args:
        text: of an option.

    Raises:
        argparse.ArgumentTypeError: if it is neither.
    """
    if text == 'matched':
        return text
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r}: give 'matched' or a number in [0, 1]")
    return value


def run(args: argparse.Namespace) -> None:
    """Label.

    Args:
        args: the arguments.
    """
    if not args.checkpoint.is_file():
        args.parser.error(f'no such checkpoint: {args.checkpoint}')
    from mmssis.api import label
    from mmssis.engine.run import leave_process_group
    label(**keywords_of(args))
    leave_process_group()
