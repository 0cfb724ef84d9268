"""Label images with a trained model: ``generate_pseudo_labels.py CONFIG CHECKPOINT [options]``.

    python tools/generate_pseudo_labels.py CONFIG CHECKPOINT --unlabeled data/mine/unlabeled \\
        --labeled data/mine/labeled.json --out data/mine/pseudo

Two stages. The model, of mmssis or mmdet, says what it sees in every image; that goes to
``OUT/predictions``, an image at a time. Stopped, the same command goes on; it may be started with
another number of processes (``torchrun --nproc_per_node=4 ... --launcher pytorch``). Then
thresholds are matched to the labeled images (Noisy Boundaries, section 3.1) or set, and
``OUT/pseudo_labels.json``, a COCO file with scores, and ``OUT/thresholds.json`` are written. The
same command with other thresholds runs the second stage alone.

``--boxes`` in place of ``--unlabeled`` and ``--labeled``: images whose true boxes are known. Each
box gets the mask of at most one prediction of a CondInst (BoxTeacher, Alg. 1); the file has all
boxes, those without a mask with an empty one, for a training of a plain CondInst.
"""

import argparse
import hashlib
import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Dict, List, Optional

import torch
from mmengine.config import Config, DictAction
from mmengine.dist import barrier, get_dist_info, init_dist
from torch import distributed, nn

from mmssis.datasets.checks.coco_validation import shorten
from mmssis.datasets.transforms import LoadImageRobust
from mmssis.engine.checkpoint import CheckpointError
from mmssis.engine.run import leave_process_group
from mmssis.engine.trained_model import load_trained_model
from mmssis.offline.annotations import write_annotations
from mmssis.offline.box_masks import BoxMaskPredictor, TrueBoxes, read_true_boxes, write_box_masks
from mmssis.offline.doubts import doubts
from mmssis.offline.fingerprint import check_header, sha256_of_file, write_header
from mmssis.offline.generation import predict_images, share_of_rank
from mmssis.offline.image_source import ImageInfo, image_loader, list_images
from mmssis.offline.label_statistics import LabelStatistics, read_label_statistics
from mmssis.offline.predictor import build_predictor
from mmssis.offline.shards import ShardWriter, finished_ids
from mmssis.offline.thresholds import find_thresholds
from mmssis.offline.tta_views import PRESETS, make_views, test_padding, test_scale
from mmssis.utils.config import load_config

Threshold = Optional[float]
# Ranks wait for the slowest one at the end; it may have hours of images left.
TIMEOUT = 7 * 24 * 3600


def threshold(text: str) -> Threshold:
    """Read 'matched' or a number in [0, 1]."""
    if text == 'matched':
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r}: give 'matched' or a number in [0, 1]")
    return value


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the model, of mmssis or of mmdet')
    parser.add_argument('checkpoint', type=Path, help='its weights')
    parser.add_argument('--unlabeled', help='folder of images, or COCO file that lists them')
    parser.add_argument('--boxes', help='COCO file of images with their true boxes')
    parser.add_argument('--image-root', help='folder that file names are relative to (default: '
                        'the folder of --unlabeled or --boxes)')
    parser.add_argument('--labeled',
                        help='COCO file of the labeled images, which thresholds are matched to')
    parser.add_argument('--out', type=Path, required=True, help='folder of the labels')
    parser.add_argument('--predictions', type=Path,
                        help='folder of the predictions (default: OUT/predictions)')
    parser.add_argument('--branch', choices=['teacher', 'student'],
                        help='of a semi-supervised model (default: what its config predicts with)')
    parser.add_argument('--supervised', action='store_true',
                        help='the checkpoint is of tools/train.py CONFIG --supervised')
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
    parser.add_argument('--workers', type=int, default=2, help='processes that read images')
    parser.add_argument('--amp', action='store_true', help='half precision')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE',
                        help='override settings of the config')
    args = parser.parse_args()
    if not args.checkpoint.is_file():
        parser.error(f'no such checkpoint: {args.checkpoint}')
    check_kind(parser, args)
    args.preset = args.preset or ('none' if args.boxes else 'fast')
    args.predictions = args.predictions or args.out / 'predictions'
    return args


def check_kind(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse options of unlabeled images beside ``--boxes``, and half of them without."""
    if not args.boxes:
        if not (args.unlabeled and args.labeled):
            parser.error('give --unlabeled and --labeled, or --boxes')
        return
    for name in ('unlabeled', 'labeled', 'box_thr', 'pixel_thr'):
        if getattr(args, name) is not None:
            parser.error(f'--{name.replace("_", "-")} is not read with --boxes: leave it out')
    if args.preset not in (None, 'none'):
        parser.error(f'--preset {args.preset}: with --boxes an image is seen once, give none')


def fingerprint(args: argparse.Namespace, cfg: Config, views: List[Any],
                infos: List[ImageInfo], load: LoadImageRobust) -> Dict[str, Any]:
    """All that predictions depend on, for a run to go on only with its like.

    Args:
        args (Namespace): Command line.
        cfg (Config): Of the model; `--cfg-options` may have changed it.
        views (list[View]): Views of each image.
        infos (list[dict]): The images.
        load (LoadImageRobust): How they are read.
    """
    names = json.dumps([[info['id'], info['file_name']] for info in infos])
    model = json.dumps(cfg.model.to_dict(), sort_keys=True, default=str)
    of_boxes = dict(boxes_sha256=sha256_of_file(args.boxes)) if args.boxes else {}
    return dict(
        of_boxes,
        config=Path(args.config).name,
        model_sha256=hashlib.sha256(model.encode()).hexdigest(),
        checkpoint_sha256=sha256_of_file(args.checkpoint),
        branch=args.branch,
        # Headers of earlier versions know no padding.
        views=[[*view.scale, view.flip, *([view.padding] if view.padding else [])]
               for view in views],
        score_floor=args.score_floor,
        max_per_image=args.max_per_image,
        image_bits=load.bits,
        amp=args.amp,
        num_images=len(infos),
        images_sha256=hashlib.sha256(names.encode()).hexdigest())


def predict_all(args: argparse.Namespace, model: nn.Module, views: List[Any],
                infos: List[ImageInfo], load: LoadImageRobust,
                boxes: Optional[TrueBoxes] = None) -> None:
    """Predict the images that are left to this process."""
    rank, world_size = get_dist_info()
    done = finished_ids(args.predictions)
    barrier()  # All ranks see the same list before one of them writes.
    left = share_of_rank(infos, done, rank, world_size)
    if rank == 0:
        print(f'{len(infos)} images, {len(done)} predicted before, {len(views)} views each, '
              f'{world_size} processes.', flush=True)
    if not left:
        return
    limits = args.score_floor, args.max_per_image
    predictor = (BoxMaskPredictor(model.to(args.device), views[0], *limits) if boxes
                 else build_predictor(model.to(args.device), views, *limits))
    with ShardWriter(args.predictions, rank) as writer:
        predict_images(left, load, predictor, writer, args.workers,
                       torch.device(args.device).type if args.amp else None,
                       boxes and boxes.boxes)


def check_complete(args: argparse.Namespace, infos: List[ImageInfo]) -> None:
    """Name the images that could not be read.

    Raises:
        SystemExit: If there are any, unless they are to be skipped.
    """
    done = finished_ids(args.predictions)
    missing = [info['path'] for info in infos if info['id'] not in done]
    if not missing:
        return
    message = f'{len(missing)} of {len(infos)} images could not be read: {shorten(missing)}.'
    if args.on_unreadable == 'error':
        raise SystemExit(f'{message} All others are predicted. Restore them and start the same '
                         'command again, or leave them out with --on-unreadable skip.')
    print(f'{message} They are left out.', flush=True)


def report(provenance: Dict[str, Any], labeled: LabelStatistics, box_thr: Threshold,
           pixel_thr: Threshold) -> None:
    """Print thresholds and counts by class, and what speaks against training on the labels.

    Args:
        provenance (dict): Result of :func:`write_annotations`.
        labeled (LabelStatistics): Of the labeled images.
        box_thr (float | None): Threshold that was set for all classes; None for matched ones.
        pixel_thr (float | None): Threshold that was set for pixels; None for a matched one.
    """
    thresholds, images = provenance['thresholds'], provenance['num_images']
    print(f'{"class":24} {"threshold":>9} {"labels/image":>12} {"pseudo/image":>12}')
    for name, row in provenance['classes'].items():
        print(f'{name:24} {thresholds["classes"][name]:9.3f} '
              f'{row["labeled"] / images["labeled"]:12.3f} '
              f'{row["annotations"] / images["unlabeled"]:12.3f}')
    lost = [name for name in labeled.classes_without_instance
            if provenance['classes'][name]['detections']]
    if lost and box_thr is None:
        print(f'No labeled instance, so the matched threshold keeps none: {", ".join(lost)}. A '
              'number for --box-thr applies to these classes too.')
    print(f'Pixel threshold {thresholds["pixel"]:.3f}.')
    for doubt in doubts(provenance, box_thr, pixel_thr):
        print(f'WARNING: {doubt}')


def start_processes(launcher: str) -> None:
    """Join the other ranks. They wait for each other and no more: gloo does for every device."""
    if launcher == 'none':
        return
    if torch.cuda.is_available():
        init_dist(launcher, backend='gloo', timeout=TIMEOUT)
    else:
        distributed.init_process_group('gloo', timeout=timedelta(seconds=TIMEOUT))


def write_labels(args: argparse.Namespace, labeled: Optional[LabelStatistics],
                 boxes: Optional[TrueBoxes], made_from: Dict[str, Any]) -> None:
    """The second stage: from predictions to a COCO file."""
    out = args.out / 'pseudo_labels.json'
    if boxes:
        total, masks = write_box_masks(args.predictions, out, boxes.categories, made_from)
        print(f'{masks} of {total} true boxes have a mask.')
    else:
        thresholds = find_thresholds(args.predictions, labeled, args.box_thr, args.pixel_thr)
        provenance = write_annotations(args.predictions, out, labeled, thresholds, made_from)
        report(provenance, labeled, args.box_thr, args.pixel_thr)
    print(f'Written: {out}')


def main() -> None:
    """Predict, then threshold and write."""
    args = parse_args()
    start_processes(args.launcher)
    cfg = load_config(args.config, args.cfg_options, supervised=args.supervised)
    try:
        model, classes = load_trained_model(cfg, args.checkpoint, args.branch)
    except CheckpointError as error:
        raise SystemExit(str(error)) from error
    boxes = read_true_boxes(args.boxes, args.image_root, classes) if args.boxes else None
    labeled = None if boxes else read_label_statistics(args.labeled, classes)
    infos = boxes.infos if boxes else list_images(args.unlabeled, args.image_root)
    pipeline = cfg.test_dataloader.dataset.pipeline
    views = make_views(args.preset, test_scale(pipeline), test_padding(pipeline))
    load = image_loader(pipeline)
    made_from = fingerprint(args, cfg, views, infos, load)
    known = check_header(args.predictions, made_from)
    barrier()
    if not known and get_dist_info()[0] == 0:
        write_header(args.predictions, made_from)
    started = time.time()
    predict_all(args, model, views, infos, load, boxes)
    barrier()
    if get_dist_info()[0] == 0:
        print(f'Prediction took {time.time() - started:.0f} s.', flush=True)
        check_complete(args, infos)
        write_labels(args, labeled, boxes, made_from)


if __name__ == '__main__':
    main()
    leave_process_group()
