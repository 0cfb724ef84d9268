"""What a teacher makes of unlabeled images, as data of a page."""

import random
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from mmdet.registry import DATASETS
from mmdet.utils import get_test_pipeline_cfg
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.structures import InstanceData
from torch import Tensor, nn
from tqdm import tqdm

from mmssis.datasets.image_errors import UnreadableImageError
from mmssis.evaluation import HiddenGroundTruth
from mmssis.evaluation.analysis_data import teacher_pipeline
from mmssis.evaluation.teacher import batch_of
from mmssis.offline import image_loader
from mmssis.structures import BoxMaps, pixel_weights_at, resolve_masks, weighs_pixels

from .outlines import heat_map, picture, svg_path
from .trace import TRACE, Stage, fates, trace_stages, why_empty

SEED = 0
MAX_CANDIDATES = 20
"""Candidates that are drawn of an image, the best by class score; those that survive always are."""


def make_gallery(model: nn.Module, cfg: Config, classes: Sequence[str], num_images: int
                 ) -> Dict[str, Any]:
    """Show unlabeled images to the teacher.

    Args:
        model: of :func:`~mmssis.evaluation.teacher.load_teacher`, with its clock set.
        cfg: its config, with a source ``unlabeled``.
        classes: class names.
        num_images: how many, drawn by a fixed seed.

    Returns:
        ``images``, see :func:`show_image`; ``stages``: name and type of each; ``unreadable``.
    """
    dataset = DATASETS.build(dict(cfg.train_dataloader.dataset.unlabeled,
                                  pipeline=teacher_pipeline(cfg)))
    hidden_file = (cfg.default_hooks.get('statistics') or {}).get('hidden_ann_file')
    hidden = HiddenGroundTruth(hidden_file, classes) if hidden_file else None
    show = ImageShower(model, cfg, classes, hidden)
    images, unreadable = [], []
    for packed in tqdm(list(_drawn(dataset, num_images)), desc='unlabeled images', unit='image'):
        try:
            images.append(show(dataset[packed]))
        except UnreadableImageError as error:
            unreadable.append(str(error))
    hooks = {name: type(hook).__name__ for name, hook in model.pseudo_label_hooks.items()}
    return dict(images=images, unreadable=unreadable, of=len(dataset), hidden=hidden is not None,
                stages=[dict(name=name, type=kind) for name, kind in
                        dict(candidates='', **hooks).items()])


def _drawn(dataset: BaseDataset, count: int) -> Iterator[int]:
    """Places of images, drawn by a fixed seed."""
    yield from sorted(random.Random(SEED).sample(range(len(dataset)), min(count, len(dataset))))


class ImageShower:
    """Shows single images to a teacher.

    Args:
        model: of :func:`~mmssis.evaluation.teacher.load_teacher`.
        cfg: its config.
        classes: class names.
        hidden: true labels, or None.
    """

    def __init__(self, model: nn.Module, cfg: Config, classes: Sequence[str],
                 hidden: Optional[HiddenGroundTruth]) -> None:
        self.model = model
        self.load = image_loader(get_test_pipeline_cfg(cfg))
        self.classes = classes
        self.hidden = hidden

    def __call__(self, packed: Dict[str, Any]) -> Dict[str, Any]:
        """What becomes of the candidates of an image.

        Args:
            packed: what its data set gives.

        Returns:
            ``name``, ``picture``, ``size``, ``paths`` (outlines, which instances name by their
            place), ``stages``, ``fates``, ``truth`` and ``uncertainty``, in types of JSON.
        """
        batch = batch_of(self.model, packed)
        meta = batch['data_samples'][0].metainfo
        stages = trace_stages(self.model, batch['inputs'], batch['data_samples'], self.classes)
        image = self.load(dict(img_path=meta['img_path']))['img'][..., ::-1]
        address, size = picture(image)
        drawing = Drawing(tuple(meta['img_shape'][:2]), size)
        shown = _shown(stages)
        return dict(
            name=meta['img_path'], picture=address, size=size,
            stages=[dict(count=len(stage.instances), why_empty=why_empty(stages, i),
                         instances=drawing.instances(stage.instances, shown, stage.notes),
                         dropped=_dropped(drawing, stages, i, shown))
                    for i, stage in enumerate(stages)],
            fates={number: text for number, text in fates(stages).items() if number in shown},
            truth=self._truth(meta, batch['inputs'], drawing),
            uncertainty=drawing.uncertainty(stages[-1].instances),
            paths=drawing.paths)

    def _truth(self, meta: dict, images: Tensor, drawing: 'Drawing') -> Optional[List[dict]]:
        """True instances, or None where they are not known."""
        found = self.hidden and self.hidden.in_view(meta, images.shape[-2:], 1, images.device)
        if not found:
            return None
        return [dict(label=int(label), path=drawing.path(mask))
                for label, mask in zip(found[0].labels, found[0].masks)]


def _shown(stages: Sequence[Stage]) -> set:
    """Numbers of the instances that are drawn."""
    first = stages[0].instances
    best = first.class_scores.argsort(descending=True)[:MAX_CANDIDATES]
    survivors = [number for stage in stages[1:] for number in stage.numbers()]
    return {*first[TRACE][best].tolist(), *survivors}


def _dropped(drawing: 'Drawing', stages: Sequence[Stage], index: int, shown: set) -> List[dict]:
    """The instances that a stage has dropped, with the reason as their note."""
    reasons = {number: reason for number, reason in stages[index].dropped.items()
               if number in shown}
    return drawing.instances(stages[index - 1].instances, set(reasons), reasons) if reasons else []


class Drawing:
    """Outlines of masks of one view on its picture; equal ones are kept once.

    Args:
        img_shape: (h, w) of the view without its padding.
        size: width and height of the picture.

    Attributes:
        paths: of SVG elements.
    """

    def __init__(self, img_shape: Tuple[int, int], size: Tuple[int, int]) -> None:
        self.img_shape = img_shape
        self.size = size
        self.paths: List[str] = []

    def path(self, mask: Tensor) -> int:
        """Place of the outline of a mask (H, W) of the padded view in ``paths``."""
        height, width = self.img_shape
        path = svg_path(np.asarray(mask[:height, :width].cpu()), self.size)
        if path not in self.paths:
            self.paths.append(path)
        return self.paths.index(path)

    def instances(self, instances: InstanceData, shown: set, notes: Dict[int, str]) -> List[dict]:
        """Instances that are drawn, the best class score first."""
        order = [i for i in instances.class_scores.argsort(descending=True).tolist()
                 if int(instances[TRACE][i]) in shown]
        drawn = resolve_masks(instances[torch.tensor(order, dtype=torch.long)])
        return [dict(number=number, label=int(one.labels), path=self.path(one.masks[0]),
                     class_score=round(float(one.class_scores), 3),
                     mask_score=round(float(one.mask_scores), 3) if 'mask_scores' in one else None,
                     note=notes[number] if number in notes else '')
                for one in (drawn[i] for i in range(len(drawn)))
                for number in [int(one[TRACE])]]

    def uncertainty(self, instances: InstanceData) -> Optional[str]:
        """The largest uncertainty of the instances at each pixel; None where no hook weighs any."""
        if not weighs_pixels(instances):
            return None
        height, width = self.img_shape
        if not len(instances):
            return heat_map(torch.zeros(height, width))
        return heat_map(_uncertainty(instances)[:, :height, :width].amax(0))


def _uncertainty(instances: InstanceData) -> Tensor:
    """Uncertainty of each instance at the pixels of the view, (N, H, W); 0 outside its box."""
    shape = tuple(instances.input_shape)
    if 'mask_boxes' not in instances:
        return 1 - pixel_weights_at(instances, lambda maps: F.interpolate(
            maps[None].float(), shape, mode='bilinear', align_corners=False)[0])
    in_boxes = BoxMaps(1 - pixel_weights_at(instances, lambda maps: maps), instances.mask_boxes,
                       torch.eye(3))
    view = instances.mask_boxes.new_tensor([0, 0, shape[1], shape[0]]).expand(len(instances), -1)
    return in_boxes.crop(view, torch.arange(len(instances), device=view.device), shape)
