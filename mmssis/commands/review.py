"""Order unlabeled images by what a label would teach, correct their pseudo labels, and go on.

    mmssis review bolts.py work_dirs/bolts --images 50
    mmssis review bolts.py --apply decisions.json
    mmssis review bolts.py --undo
    mmssis review bolts.py --export cvat to_label.json
    mmssis review bolts.py --import labeled_in_cvat.json

The first line writes review/index.html, a page that needs no network: decide by keyboard on each
pseudo label, say which images lack labels, download decisions.json. review/order.json says why
each image was chosen: teacher and student disagree (of a plain model: an image and its mirror
image), a class is rare among the labels, the image is unlike those that are labeled or chosen.

--apply joins the complete images to the labels and takes them from the unlabeled ones. New files
are written in the folder of the review, numbered; yours are only read. The options to train on are
printed. review/journal.json records each step, and --undo takes the last one back.

--export writes the incomplete images (before --apply: all of the review) for CVAT (COCO 1.0) or
Label Studio, with the labels they have; --import joins what comes back.
"""

import argparse

from .options import add_cfg_options, read_cfg_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a review.

    Args:
        parser: of this verb.
    """
    parser.add_argument('config', help='config of the training, or a shipped one')
    parser.add_argument('checkpoint', nargs='?', help='its checkpoint, or its work directory; to '
                        'begin a review')
    steps = parser.add_mutually_exclusive_group()
    steps.add_argument('--apply', metavar='FILE', help='join what was decided in the page')
    steps.add_argument('--import', metavar='FILE', dest='labels',
                       help='join labels of CVAT (COCO 1.0) or Label Studio (JSON)')
    steps.add_argument('--export', nargs=2, metavar=('cvat|labelstudio', 'FILE'),
                       help='write images to be labeled by hand')
    steps.add_argument('--undo', action='store_true', help='take the last step back')
    parser.add_argument('--images', type=int, help='images of the review (default: 50)')
    parser.add_argument('--pool', type=int, help='look at so many unlabeled images at most, '
                        'evenly spread (default: 2000)')
    parser.add_argument('--out', default='review', metavar='DIR',
                        help='folder of the review (default: review)')
    parser.add_argument('--overwrite', action='store_true', help='replace the file of --export')
    parser.add_argument('--device', help='default: cuda where there is a GPU, else cpu')
    add_cfg_options(parser)


def run(args: argparse.Namespace) -> None:
    """Begin a review, or do a step of it.

    Args:
        args: the arguments.
    """
    is_step = bool(args.apply or args.labels or args.export or args.undo)
    _check(args, is_step)
    from mmssis import api
    given = dict(out=args.out, cfg_options=read_cfg_options(args.cfg_options))
    if not is_step:
        begin = {name: value for name, value in vars(args).items()
                 if name in ('images', 'pool', 'device') and value is not None}
        api.review(args.config, args.checkpoint, **begin, **given)
    elif args.apply:
        api.apply_review(args.config, args.apply, **given)
    elif args.labels:
        api.import_review(args.config, args.labels, **given)
    elif args.undo:
        api.undo_review(args.config, **given)
    else:
        api.export_review(args.config, *args.export, overwrite=args.overwrite, **given)


def _check(args: argparse.Namespace, is_step: bool) -> None:
    """Refuse options that would be read by nothing."""
    if not is_step and args.checkpoint is None:
        args.parser.error('give a CHECKPOINT to begin a review, or one of --apply, --import, '
                          '--export, --undo')
    for name in ('checkpoint', 'images', 'pool', 'device'):
        if is_step and getattr(args, name) is not None:
            args.parser.error(f'{name.upper() if name == "checkpoint" else "--" + name} belongs '
                              'to the beginning of a review: leave it out')
    if args.overwrite and not args.export:
        args.parser.error('--overwrite belongs to --export')
