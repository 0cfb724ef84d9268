"""The two stages of labeling: predictions on disk, then thresholds and a COCO file."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Union

import torch
from mmengine.config import Config
from mmengine.dist import barrier, get_dist_info, init_dist
from torch import distributed, nn

from mmssis.datasets.checks.coco_validation import shorten
from mmssis.datasets.transforms import LoadImageRobust

from .annotations import write_annotations
from .box_masks import BoxMaskPredictor, TrueBoxes, write_box_masks
from .fingerprint import sha256_of_file
from .generation import predict_images, share_of_rank
from .image_source import ImageInfo
from .label_report import print_report
from .label_statistics import LabelStatistics
from .predictor import build_predictor
from .shards import ShardWriter, finished_ids
from .thresholds import find_thresholds
from .tta_views import View

# Ranks wait for the slowest one at the end; it may have hours of images left.
TIMEOUT = 7 * 24 * 3600


@dataclass(frozen=True)
class LabelSettings:
    """What decides on the labels beside model and images.

    Args:
        out: folder of the labels.
        predictions: folder of the predictions.
        box_thr: score of a detection; None matches it class by class.
        pixel_thr: probability of a mask's pixels; None matches it.
        score_floor: detections below are not kept.
        max_per_image: most detections of an image.
        on_unreadable: 'error' or 'skip'.
        workers: processes that read images.
        amp: half precision.
        device: of the model.
    """

    out: Path
    predictions: Path
    box_thr: Optional[float]
    pixel_thr: Optional[float]
    score_floor: float
    max_per_image: int
    on_unreadable: str
    workers: int
    amp: bool
    device: str

    @property
    def limits(self) -> Tuple[float, int]:
        """Score floor, and most detections of an image."""
        return self.score_floor, self.max_per_image


def start_processes(launcher: str) -> None:
    """Join the other ranks. They wait for each other and no more: gloo does for every device.

    Args:
        launcher: 'none', 'pytorch', 'slurm' or 'mpi'.
    """
    if launcher == 'none':
        return
    if torch.cuda.is_available():
        init_dist(launcher, backend='gloo', timeout=TIMEOUT)
    else:
        distributed.init_process_group('gloo', timeout=timedelta(seconds=TIMEOUT))


def fingerprint_of_run(settings: LabelSettings, cfg: Config, views: List[View],
                       infos: List[ImageInfo], load: LoadImageRobust,
                       model: Dict[str, Optional[str]]) -> Dict[str, Any]:
    """All that predictions depend on, for a run to go on only with its like.

    Args:
        settings: of the run.
        cfg: of the model, with its options.
        views: of each image.
        infos: the images.
        load: how they are read.
        model: name of the config, digests and branch, which are taken over.
    """
    names = json.dumps([[info['id'], info['file_name']] for info in infos])
    content = json.dumps(cfg.model.to_dict(), sort_keys=True, default=str)
    return dict(
        model,
        model_sha256=hashlib.sha256(content.encode()).hexdigest(),
        # Headers of earlier versions know no padding.
        views=[[*view.scale, view.flip, *([view.padding] if view.padding else [])]
               for view in views],
        score_floor=settings.score_floor,
        max_per_image=settings.max_per_image,
        image_bits=load.bits,
        amp=settings.amp,
        num_images=len(infos),
        images_sha256=hashlib.sha256(names.encode()).hexdigest())


def digests_of_files(checkpoint: Union[str, Path], boxes: Optional[str]) -> Dict[str, str]:
    """Digests of the files that a run reads.

    Args:
        checkpoint: weights of the model.
        boxes: file of the true boxes, if there is one.
    """
    of_boxes = dict(boxes_sha256=sha256_of_file(boxes)) if boxes else {}
    return dict(of_boxes, checkpoint_sha256=sha256_of_file(checkpoint))


def predict_all(settings: LabelSettings, model: nn.Module, views: List[View],
                infos: List[ImageInfo], load: LoadImageRobust,
                boxes: Optional[TrueBoxes] = None) -> None:
    """Predict the images that are left to this process.

    Args:
        settings: of the run.
        model: in eval mode.
        views: of each image.
        infos: the images.
        load: how they are read.
        boxes: their true boxes, if these are to get masks.
    """
    rank, world_size = get_dist_info()
    done = finished_ids(settings.predictions)
    barrier()  # All ranks see the same list before one of them writes.
    left = share_of_rank(infos, done, rank, world_size)
    if rank == 0:
        print(f'{len(infos)} images, {len(done)} predicted before, {len(views)} views each, '
              f'{world_size} processes.', flush=True)
    if not left:
        return
    model = model.to(settings.device)
    predictor = (BoxMaskPredictor(model, views[0], *settings.limits) if boxes
                 else build_predictor(model, views, *settings.limits))
    with ShardWriter(settings.predictions, rank) as writer:
        predict_images(left, load, predictor, writer, settings.workers,
                       torch.device(settings.device).type if settings.amp else None,
                       boxes and boxes.boxes)


def check_complete(settings: LabelSettings, infos: List[ImageInfo]) -> None:
    """Name the images that could not be read.

    Args:
        settings: of the run.
        infos: the images.

    Raises:
        ValueError: if there are any, unless they are to be skipped.
    """
    done = finished_ids(settings.predictions)
    missing = [info['path'] for info in infos if info['id'] not in done]
    if not missing:
        return
    message = f'{len(missing)} of {len(infos)} images could not be read: {shorten(missing)}.'
    if settings.on_unreadable == 'error':
        raise ValueError(f'{message} All others are predicted. Restore them and start the same '
                         'command again, or leave them out with --on-unreadable skip.')
    print(f'{message} They are left out.', flush=True)


def write_labels(settings: LabelSettings, labeled: Optional[LabelStatistics],
                 boxes: Optional[TrueBoxes], made_from: Dict[str, Any]) -> Path:
    """The second stage: from predictions to a COCO file.

    Args:
        settings: of the run.
        labeled: of the labeled images; None with ``boxes``.
        boxes: the true boxes, if these are to get masks.
        made_from: from :func:`fingerprint_of_run`.

    Returns:
        The file.
    """
    out = settings.out / 'pseudo_labels.json'
    if boxes:
        total, masks = write_box_masks(settings.predictions, out, boxes.categories, made_from)
        print(f'{masks} of {total} true boxes have a mask.')
    else:
        thresholds = find_thresholds(settings.predictions, labeled, settings.box_thr,
                                     settings.pixel_thr)
        provenance = write_annotations(settings.predictions, out, labeled, thresholds, made_from)
        print_report(provenance, labeled, settings.box_thr, settings.pixel_thr)
    print(f'Written: {out}')
    return out
