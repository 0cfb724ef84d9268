"""Results of any detector in COCO's format, beside the annotations of their images."""

import json
from collections import defaultdict
from typing import Any, Dict, Iterator, List, Tuple

import msgspec
import numpy as np
import torch
from pycocotools import mask as coco_mask
from torch import Tensor

from mmssis.datasets.checks.coco_validation import validate_coco_json
from mmssis.utils.coco_file import CocoImage, read_coco, to_rle

from .error_types import superclasses_of
from .judged_instances import JudgedInstances, judged

HOW_TO = ('Write the results with mmssis test CONFIG CHECKPOINT --cfg-options '
          'test_evaluator.outfile_prefix=results, which makes results.segm.json')


class CocoTruth:
    """The annotations of the images of a COCO file, as run-length encodings.

    Args:
        ann_file: COCO JSON with instance masks.

    Attributes:
        classes: names of the categories, in the order of their ids.
        superclasses: see :func:`superclasses_of`.

    Raises:
        ValueError: if the file is no COCO instance file or has faults.
    """

    def __init__(self, ann_file: str) -> None:
        problems = validate_coco_json(ann_file)
        if problems:
            raise ValueError('\n'.join(problems))
        coco = read_coco(ann_file)
        self.ann_file = ann_file
        categories = sorted(coco.categories, key=lambda category: category.id)
        self.classes = tuple(category.name for category in categories)
        self.superclasses = superclasses_of(msgspec.to_builtins(categories), self.classes)
        self.labels_of = {category.id: label for label, category in enumerate(categories)}
        self.images: Dict[Any, CocoImage] = {image.id: image for image in coco.images}
        self._labels: Dict[Any, List[int]] = defaultdict(list)
        self._masks: Dict[Any, List[dict]] = defaultdict(list)
        self._crowds: Dict[Any, List[dict]] = defaultdict(list)
        for item in coco.annotations():
            image = self.images[item.image_id]
            rle = to_rle(item.segmentation, image.height, image.width)
            if rle is not None and item.iscrowd:
                self._crowds[image.id].append(rle)
            elif rle is not None:
                self._masks[image.id].append(rle)
                self._labels[image.id].append(self.labels_of[item.category_id])

    def judge(self, results_file: str, score_thr: float = 0.3) -> Iterator[JudgedInstances]:
        """Judge a results file, image by image; images without results too.

        Args:
            results_file: JSON list of ``image_id``, ``category_id``, ``score`` and
                ``segmentation`` (RLE), as mmdet's ``CocoMetric`` writes it.
            score_thr: results with a score below it are left out, in [0, 1].

        Yields:
            The results of each image of the annotation file, with the score ``score``.

        Raises:
            ValueError: if the file has another form, or is about other images or categories.
        """
        found = self._read_results(results_file)
        for image in self.images:
            yield self.judge_image(
                image, [item for item in found[image] if item['score'] >= score_thr])

    def _read_results(self, path: str) -> Dict[Any, List[dict]]:
        """Results by image."""
        try:
            with open(path, encoding='utf-8') as file:
                items = json.load(file)
        except (OSError, ValueError) as error:
            raise ValueError(f'{path} cannot be read as a results file: {error}. {HOW_TO}'
                             ) from error
        if not isinstance(items, list):
            raise ValueError(f'{path} holds a {type(items).__name__}, not a list of results. '
                             f'{HOW_TO}')
        found: Dict[Any, List[dict]] = defaultdict(list)
        for item in items:
            self._check(path, item)
            found[item['image_id']].append(item)
        return found

    def _check(self, path: str, item: Any) -> None:
        """Refuse a result that is none, or about something that the annotations do not have."""
        wanted = {'image_id', 'category_id', 'score', 'segmentation'}
        if not isinstance(item, dict) or not wanted <= {*item}:
            keys = sorted(item) if isinstance(item, dict) else item
            raise ValueError(f'{path}: a result needs {sorted(wanted)}, found {keys}. {HOW_TO}')
        for key, known in (('image_id', self.images), ('category_id', self.labels_of)):
            if item[key] not in known:
                raise ValueError(f'{path}: {key} {item[key]!r} is not in {self.ann_file}: give the '
                                 'annotation file that the results are of')

    def judge_image(self, image: Any, found: List[dict]) -> JudgedInstances:
        """The results of one image beside its annotations.

        Args:
            image: its id.
            found: its results, in COCO's format.

        Returns:
            With the score ``score``; labels are places in :attr:`classes`.
        """
        masks = [item['segmentation'] for item in found]
        labels = [self.labels_of[item['category_id']] for item in found]
        return judged(
            rle_iou(masks, self._masks[image]), torch.tensor(labels, dtype=torch.long),
            torch.tensor(self._labels[image], dtype=torch.long), self._in_crowd(image, masks),
            dict(score=torch.tensor([float(item['score']) for item in found])))

    def _in_crowd(self, image: Any, masks: List[dict]) -> Tensor:
        """Whether at least half of each mask lies in the crowd regions, bool (N,)."""
        if not masks or not self._crowds[image]:
            return torch.zeros(len(masks), dtype=torch.bool)
        region = coco_mask.merge(self._crowds[image])
        # With iscrowd pycocotools divides by the area of the first mask.
        return torch.from_numpy(coco_mask.iou(masks, [region], [1])[:, 0] >= 0.5)


def rle_iou(masks: List[dict], others: List[dict]) -> Tensor:
    """IoU of every mask with every other mask.

    Args:
        masks: N compressed run-length encodings.
        others: G of them, of the same image.

    Returns:
        (N, G) float32, in [0, 1].
    """
    shape: Tuple[int, int] = (len(masks), len(others))
    if 0 in shape:
        return torch.zeros(shape)
    return torch.from_numpy(np.asarray(coco_mask.iou(masks, others, [0] * len(others)))).float()
