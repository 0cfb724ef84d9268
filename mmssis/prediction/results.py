"""What was found, as a COCO file and as a table."""

import json
from pathlib import Path
from typing import Any, Dict, List, Sequence, Set

import numpy as np
from mmengine.structures import InstanceData
from pycocotools import mask as coco_mask

from mmssis.engine.atomic_backend import AtomicBackend


class Results:
    """The instances of all images.

    Args:
        classes: names of the classes; category ids count from 1.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self._classes = list(classes)
        self._images: List[Dict[str, Any]] = []
        self._annotations: List[Dict[str, Any]] = []

    def add(self, file_name: str, width: int, height: int, found: InstanceData,
            **more: Any) -> None:
        """Add an image.

        Args:
            file_name: of the image.
            width: in pixels.
            height: in pixels.
            found: from :class:`~mmssis.prediction.Detector`.
            **more: further fields of its entry.
        """
        image_id = len(self._images) + 1
        self._images.append(
            dict(id=image_id, file_name=file_name, width=width, height=height, **more))
        for i in range(len(found)):
            self._annotations.append(dict(
                id=len(self._annotations) + 1, image_id=image_id, **_annotation(found, i)))

    def write(self, path: Path) -> None:
        """Write a COCO file whose annotations have a ``score``.

        Args:
            path: the file.
        """
        content = dict(
            images=self._images, annotations=self._annotations,
            categories=[dict(id=i, name=name) for i, name in enumerate(self._classes, 1)])
        AtomicBackend().put_text(json.dumps(content), path)

    def table(self) -> str:
        """Images, instances and mean score of each class, a line each."""
        scores: Dict[int, List[float]] = {i: [] for i in range(1, len(self._classes) + 1)}
        images: Dict[int, Set[int]] = {i: set() for i in scores}
        for annotation in self._annotations:
            scores[annotation['category_id']].append(annotation['score'])
            images[annotation['category_id']].add(annotation['image_id'])
        rows = [(name, len(images[i]), scores[i]) for i, name in enumerate(self._classes, 1)]
        rows.append(('all', len(set().union(*images.values())), sum(scores.values(), [])))
        width = max(len('class'), *(len(name) for name, _, _ in rows))
        return '\n'.join([f'{"class":{width}} {"images":>7} {"instances":>10} {"mean score":>11}',
                          *(_row(*row, width) for row in rows)])


def _row(name: str, num_images: int, scores: Sequence[float], width: int) -> str:
    """A line of the table."""
    mean = f'{np.mean(scores):.2f}' if scores else '-'
    return f'{name:{width}} {num_images:7} {len(scores):10} {mean:>11}'


def _annotation(found: InstanceData, i: int) -> Dict[str, Any]:
    """The fields of an instance beside its ids."""
    rle = coco_mask.encode(np.asfortranarray(found.masks[i].numpy().astype(np.uint8)))
    x1, y1, x2, y2 = found.bboxes[i].tolist()
    return dict(
        category_id=int(found.labels[i]) + 1, score=round(float(found.scores[i]), 5), iscrowd=0,
        bbox=[round(value, 2) for value in (x1, y1, x2 - x1, y2 - y1)],
        area=int(coco_mask.area(rle)),
        segmentation=dict(size=list(rle['size']), counts=rle['counts'].decode()))
