"""Where a model is wrong on validation images: kinds of errors, confusion, the worst images."""

from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
import torch
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from torch import Tensor

from mmssis.datasets.transforms import LoadImageRobust
from mmssis.evaluation import ERROR_TYPES, InstanceAnalysis, superclasses_of
from mmssis.evaluation.coco_results import rle_iou
from mmssis.evaluation.confusion import largest_confusions, most_confused
from mmssis.evaluation.error_types import types_of_iou
from mmssis.evaluation.judged_instances import judged

from .outlines import picture, svg_path

SCORE_THR = 0.3
"""Predictions with a lower score are not judged."""
MISSED = 'Missed'
MAX_CLASSES = 14


class JudgedImage(NamedTuple):
    """Predictions of an image beside its truth.

    Attributes:
        image: ``id`` and ``path``.
        found: its predictions with a score of at least :data:`SCORE_THR`, results of COCO.
        types: the kind of each, places in ``ERROR_TYPES``.
        best_iou: IoU of each with the best true mask.
        truth: annotations, crowd regions left out.
        missed: whether no prediction covers an annotation with an IoU above 0.5, bool.
    """

    image: Dict[str, Any]
    found: List[dict]
    types: List[int]
    best_iou: List[float]
    truth: List[dict]
    missed: List[bool]

    @property
    def num_errors(self) -> int:
        """Predictions that are not correct, and annotations that were missed."""
        return sum(kind != ERROR_TYPES.index('Cor') for kind in self.types) + sum(self.missed)


class Mistakes:
    """Judges the predictions of a model.

    Args:
        coco: of :func:`~mmssis.report.validation.read_truth`.
        predicted: of :func:`~mmssis.report.validation.predict_images`.
        cat_ids: categories in label order.
        classes: their names.
    """

    def __init__(self, coco: COCO, predicted: Dict[str, Any], cat_ids: Sequence[int],
                 classes: Sequence[str]) -> None:
        self.coco = coco
        self.classes = classes
        self.labels = {category: label for label, category in enumerate(cat_ids)}
        self.superclasses = superclasses_of(coco.dataset['categories'], classes)
        self.analysis = InstanceAnalysis(classes, self.superclasses)
        found: Dict[Any, List[dict]] = {image['id']: [] for image in predicted['images']}
        for result in predicted['results']:
            if result['score'] >= SCORE_THR:
                found[result['image_id']].append(result)
        for results in found.values():
            results.sort(key=lambda result: -result['score'])
        self.images = [self._judge(image, found[image['id']]) for image in predicted['images']]

    def summary(self) -> Dict[str, Any]:
        """Kinds of errors and confusion of classes, in types of JSON."""
        counts = dict(zip(ERROR_TYPES, map(int, self.analysis.error_types.tolist())))
        counts[MISSED] = sum(sum(image.missed) for image in self.images)
        shown = most_confused(self.analysis.confusion, MAX_CLASSES)
        rows = [*shown, len(self.classes)]
        return dict(
            counts=counts, images=len(self.images), similar=self.superclasses is not None,
            confused=largest_confusions(self.analysis.confusion, self.classes, 5),
            names=[*(self.classes[i] for i in shown), 'nothing'],
            all_classes=len(shown) == len(self.classes),
            confusion=self.analysis.confusion[rows][:, rows].tolist())

    def worst(self, number: int, load: LoadImageRobust) -> List[Dict[str, Any]]:
        """The images with the most errors; of as many, those with fewer correct predictions.

        Args:
            number: of images, at most. Images without an error are left out.
            load: reads an image.

        Returns:
            Each as data of a page.
        """
        order = sorted((image for image in self.images if image.num_errors),
                       key=lambda image: (-image.num_errors, len(image.types)))
        return [self._show(image, load) for image in order[:number]]

    def _judge(self, image: Dict[str, Any], found: List[dict]) -> JudgedImage:
        """Compare an image's predictions with its annotations, and count them."""
        annotations = [item for item in self.coco.imgToAnns[image['id']]
                       if item['category_id'] in self.labels]
        truth = [item for item in annotations if not item.get('iscrowd')]
        masks = [item['segmentation'] for item in found]
        iou = rle_iou(masks, [self.coco.annToRLE(item) for item in truth])
        labels, gt_labels = (self._labels(items) for items in (found, truth))
        crowds = [self.coco.annToRLE(item) for item in annotations if item.get('iscrowd')]
        in_crowd = _lie_in(masks, crowds)
        self.analysis.add(judged(iou, labels, gt_labels, in_crowd))
        counted = ~in_crowd | (torch.nn.functional.pad(iou, (0, 1)).amax(1) > 0.5)
        found = [item for item, counts in zip(found, counted.tolist()) if counts]
        iou, labels = iou[counted], labels[counted]
        types = types_of_iou(iou, labels, gt_labels, self.superclasses)
        missed = (torch.nn.functional.pad(iou, (0, 0, 0, 1)).amax(0) <= 0.5) & (gt_labels >= 0)
        return JudgedImage(image, found, types.tolist(),
                           torch.nn.functional.pad(iou, (0, 1)).amax(1).tolist(), truth,
                           missed.tolist())

    def _labels(self, items: List[dict]) -> Tensor:
        """Labels of results or annotations, (N,) long."""
        return torch.tensor([self.labels[item['category_id']] for item in items],
                            dtype=torch.long)

    def _show(self, image: JudgedImage, load: LoadImageRobust) -> Dict[str, Any]:
        """Picture, truth and predictions of an image."""
        pixels = load(dict(img_path=image.image['path']))['img'][..., ::-1]
        address, size = picture(pixels)
        return dict(
            name=image.image['path'], picture=address, size=size, errors=image.num_errors,
            truth=[dict(label=self.labels[item['category_id']], missed=missed,
                        path=_path(self.coco.annToRLE(item), size))
                   for item, missed in zip(image.truth, image.missed)],
            found=[dict(label=self.labels[item['category_id']], score=item['score'],
                        type=ERROR_TYPES[kind], iou=round(iou, 2),
                        path=_path(item['segmentation'], size))
                   for item, kind, iou in zip(image.found, image.types, image.best_iou)])


def _path(rle: dict, size: Tuple[int, int]) -> str:
    """Outline of a run-length encoding on a picture."""
    return svg_path(coco_mask.decode(rle).astype(bool), size)


def _lie_in(masks: List[dict], regions: List[dict]) -> Tensor:
    """Whether at least half of each mask lies in the union of regions, bool (N,)."""
    if not masks or not regions:
        return torch.zeros(len(masks), dtype=torch.bool)
    inside = coco_mask.iou(masks, [coco_mask.merge(regions)], [1])
    return torch.from_numpy(np.asarray(inside)[:, 0] >= 0.5)
