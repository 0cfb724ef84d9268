"""Write a page about a run, or about a folder of pseudo labels: one HTML file for the browser.

    mmssis report work_dirs/bolts
    mmssis report work_dirs/bolts --watch --baseline work_dirs/bolts_supervised
    mmssis report pseudo --image-root data/bolts/images

The page of a run shows how good it is, how it went, what it was taught (unlabeled images with the
teacher's candidates and what each pseudo-label hook leaves of them, and why), where it is wrong on
validation images, its data and its settings. It may be written while the training runs: in the
work directory nothing is changed but report.html and report_cache.
"""

import argparse

from .options import add_cfg_options, read_cfg_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mmssis report``.

    Args:
        parser: gets them.
    """
    parser.add_argument('path', metavar='WORK_DIR|PSEUDO_DIR',
                        help='work directory of a training, or folder with pseudo_labels.json')
    parser.add_argument('--watch', action='store_true',
                        help='write the page again whenever the run has logged or saved something')
    parser.add_argument('--baseline', metavar='WORK_DIR', help='another run, to compare with')
    parser.add_argument('--images', type=int, default=24,
                        help='unlabeled images to show, drawn by a fixed seed (default: 24)')
    parser.add_argument('--val-images', type=int, default=200,
                        help='validation images to look at, at most (default: 200)')
    parser.add_argument('--image-root', metavar='FOLDER',
                        help='folder of the images of pseudo labels')
    parser.add_argument('--out', metavar='FILE',
                        help='the page (default: report.html in the folder)')
    parser.add_argument('--device', help='cpu, cuda:0, ... (default: a GPU if there is one)')
    add_cfg_options(parser)


def run(args: argparse.Namespace) -> None:
    """Write the page, once or again and again.

    Args:
        args: of :func:`add_arguments`.

    Raises:
        SystemExit: with the reason, if it cannot be written.
    """
    from mmssis.api.reporting import report, watch
    settings = dict(
        images=args.images, val_images=args.val_images, baseline=args.baseline,
        image_root=args.image_root, out=args.out, device=args.device,
        cfg_options=read_cfg_options(args.cfg_options))
    try:
        if args.watch:
            watch(args.path, **settings)
        else:
            print(f'Open {report(args.path, **settings)} in a browser.')
    except (ValueError, OSError) as error:
        raise SystemExit(str(error)) from error
