"""Label images with a trained model."""

import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

import torch
from mmengine.config import Config
from mmengine.dist import barrier, get_dist_info
from torch import nn

from mmssis.datasets.transforms import LoadImageRobust
from mmssis.engine.trained_model import load_trained_model
from mmssis.offline.box_masks import TrueBoxes, read_true_boxes
from mmssis.offline.fingerprint import check_header, write_header
from mmssis.offline.image_source import ImageInfo, image_loader, list_images
from mmssis.offline.label_statistics import LabelStatistics, read_label_statistics
from mmssis.offline.labeling import (LabelSettings, check_complete, digests_of_files,
                                     fingerprint_of_run, predict_all, start_processes, write_labels)
from mmssis.offline.tta_views import View, make_views, test_padding, test_scale

from .configs import ConfigOrPath, settled_config

Threshold = Union[str, float]


def label(config: ConfigOrPath,
          checkpoint: Union[str, Path],
          *,
          out: Union[str, Path],
          unlabeled: Optional[str] = None,
          labeled: Optional[str] = None,
          boxes: Optional[str] = None,
          image_root: Optional[str] = None,
          predictions: Optional[Union[str, Path]] = None,
          branch: Optional[str] = None,
          supervised: bool = False,
          preset: Optional[str] = None,
          box_thr: Threshold = 'matched',
          pixel_thr: Threshold = 'matched',
          score_floor: float = 0.05,
          max_per_image: int = 100,
          on_unreadable: str = 'error',
          workers: int = 2,
          amp: bool = False,
          device: Optional[str] = None,
          launcher: str = 'none',
          cfg_options: Optional[Dict[str, Any]] = None) -> Path:
    """Write pseudo labels of a folder of images; started again, it goes on.

        from mmssis.api import label
        labels = label('bolts.py', 'work_dirs/bolts/iter_5000.pth', unlabeled='data/bolts/images',
                       labeled='data/bolts/labeled.json', out='data/bolts/pseudo')

    Args:
        config: of a model of mmssis or mmdet: a file, the name of a shipped config, or what
            ``load_config`` returned.
        checkpoint: its weights.
        out: folder of the labels.
        unlabeled: folder of images, or COCO file that lists them.
        labeled: COCO file of the labeled images, which thresholds are matched to.
        boxes: in place of both, COCO file of images with their true boxes, which get masks.
        image_root: folder that file names are relative to. Default: that of ``unlabeled`` or
            ``boxes``.
        predictions: folder of the predictions. Default: ``predictions`` in ``out``.
        branch: 'teacher' or 'student' of a semi-supervised model; None takes the config's.
        supervised: the checkpoint is of a supervised baseline.
        preset: views of each image: 'none', 'fast' or 'paper'. Default: 'fast'; 'none' with
            ``boxes``.
        box_thr: score of a detection in [0, 1]; 'matched' matches it class by class.
        pixel_thr: probability of a mask's pixels in [0, 1], or 'matched'.
        score_floor: detections below are not kept.
        max_per_image: most detections of an image.
        on_unreadable: 'error' predicts all others and raises; 'skip' leaves the image out.
        workers: processes that read images.
        amp: half precision.
        device: of the model. Default: 'cuda' where there is a GPU, else 'cpu'.
        launcher: what started the processes: 'none', 'pytorch', 'slurm' or 'mpi'.
        cfg_options: dotted keys and values that override the config.

    Returns:
        ``pseudo_labels.json``, a COCO file with scores.

    Raises:
        ValueError: if a setting, a file or the checkpoint is wrong, or an image cannot be read.
    """
    _check_kind(unlabeled, labeled, boxes, box_thr, pixel_thr, preset)
    settings = LabelSettings(
        Path(out), Path(predictions or Path(out, 'predictions')),
        None if box_thr == 'matched' else box_thr, None if pixel_thr == 'matched' else pixel_thr,
        score_floor, max_per_image, on_unreadable, workers, amp,
        device or ('cuda' if torch.cuda.is_available() else 'cpu'))
    start_processes(launcher)
    cfg = settled_config(config, cfg_options, supervised)
    model, classes = load_trained_model(cfg, checkpoint, branch)
    images = _read_images(unlabeled, labeled, boxes, image_root, classes)
    pipeline = cfg.test_dataloader.dataset.pipeline
    views = make_views(preset or ('none' if boxes else 'fast'), test_scale(pipeline),
                       test_padding(pipeline))
    load = image_loader(pipeline)
    made_from = fingerprint_of_run(
        settings, cfg, views, images.infos, load,
        dict(digests_of_files(checkpoint, boxes), config=_name_of(config), branch=branch))
    _begin(settings, made_from)
    _predict(settings, model, views, images, load)
    if get_dist_info()[0] == 0:
        check_complete(settings, images.infos)
        write_labels(settings, images.labeled, images.boxes, made_from)
    return settings.out / 'pseudo_labels.json'


class _Images(NamedTuple):
    """The images, and what is known: the labeled ones, or the true boxes."""

    infos: List[ImageInfo]
    labeled: Optional[LabelStatistics]
    boxes: Optional[TrueBoxes]


def _read_images(unlabeled: Optional[str], labeled: Optional[str], boxes: Optional[str],
                 image_root: Optional[str], classes: Tuple[str, ...]) -> _Images:
    """List the images, and read the annotations that labels are made with."""
    if boxes:
        true_boxes = read_true_boxes(boxes, image_root, classes)
        return _Images(true_boxes.infos, None, true_boxes)
    statistics = read_label_statistics(labeled, classes)
    return _Images(list_images(unlabeled, image_root), statistics, None)


def _predict(settings: LabelSettings, model: nn.Module, views: List[View], images: _Images,
             load: LoadImageRobust) -> None:
    """The first stage on all ranks, with the time that it took."""
    started = time.time()
    predict_all(settings, model, views, images.infos, load, images.boxes)
    barrier()
    if get_dist_info()[0] == 0:
        print(f'Prediction took {time.time() - started:.0f} s.', flush=True)


def _begin(settings: LabelSettings, made_from: Dict[str, Any]) -> None:
    """Go on only with predictions that were made from the same."""
    known = check_header(settings.predictions, made_from)
    barrier()
    if not known and get_dist_info()[0] == 0:
        write_header(settings.predictions, made_from)


def _name_of(config: ConfigOrPath) -> str:
    """Name of a config's file."""
    return Path(config.filename if isinstance(config, Config) else config).name


def _check_kind(unlabeled: Optional[str], labeled: Optional[str], boxes: Optional[str],
                box_thr: Threshold, pixel_thr: Threshold, preset: Optional[str]) -> None:
    """Refuse settings of unlabeled images beside ``boxes``, and half of them without."""
    if not boxes:
        if not (unlabeled and labeled):
            raise ValueError('give --unlabeled and --labeled, or --boxes')
        return
    given = dict(unlabeled=unlabeled, labeled=labeled, box_thr=None if box_thr == 'matched' else 1,
                 pixel_thr=None if pixel_thr == 'matched' else 1)
    for name, value in given.items():
        if value is not None:
            raise ValueError(f'--{name.replace("_", "-")} is not read with --boxes: leave it out')
    if preset not in (None, 'none'):
        raise ValueError(f'--preset {preset}: with --boxes an image is seen once, give none')
