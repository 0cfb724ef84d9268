"""What the instances of many images add up to: confusion, kinds of errors, scores against IoU."""

from typing import Any, Dict, List, Optional, Sequence

import numpy as np
import torch
from torch import Tensor

from .confusion import class_accuracy, confusion_matrix, precision_recall
from .error_types import ERROR_TYPES, count_error_types, types_of_iou
from .judged_instances import JudgedInstances
from .score_quality import rank_correlation


class InstanceAnalysis:
    """Sums over images, and the numbers of the papers' figures made of them.

    Args:
        classes: K names.
        superclasses: (K,) long, see :func:`superclasses_of`; None: no two classes are similar.
        iou_thr: smallest mask IoU of a match in the confusion matrix, in (0, 1].

    Attributes:
        images: number of images.
        confusion: (K + 1, K + 1) long, see :func:`confusion_matrix`.
        error_types: counts (5,), in the order of :data:`ERROR_TYPES`.
    """

    def __init__(self, classes: Sequence[str], superclasses: Optional[Tensor] = None,
                 iou_thr: float = 0.5) -> None:
        self.classes = tuple(classes)
        self.superclasses = superclasses
        self.iou_thr = iou_thr
        self.images = 0
        self.confusion = torch.zeros(len(classes) + 1, len(classes) + 1, dtype=torch.long)
        self.error_types = torch.zeros(len(ERROR_TYPES))
        self._points: Dict[str, List[np.ndarray]] = {}

    def add(self, image: JudgedInstances) -> None:
        """Add the instances of one image."""
        self.images += 1
        self.confusion += confusion_matrix(image, len(self.classes), self.iou_thr)
        self.error_types += count_error_types(
            types_of_iou(image.iou, image.labels, image.gt_labels, self.superclasses))
        if image.scores:
            columns = {**image.scores, 'IoU': image.best_iou(),
                       'class is right': image.best_is_same_class()}
            for name, values in columns.items():
                self._points.setdefault(name, []).append(values.numpy())

    def points(self) -> Dict[str, np.ndarray]:
        """Each score of all instances, their ``IoU`` and whether their ``class is right``, (N,).

        Empty without scores.
        """
        return {name: np.concatenate(parts) for name, parts in self._points.items()}

    def correlations(self) -> Dict[str, Optional[float]]:
        """Rank correlation of each score with the IoU, see :func:`rank_correlation`."""
        points = self.points()
        return {name: rank_correlation(values, points['IoU']) for name, values in points.items()
                if name not in ('IoU', 'class is right')}

    def summary(self) -> Dict[str, Any]:
        """All numbers, in types of JSON; None where a ratio has no denominator."""
        precision, recall = precision_recall(self.confusion)
        return dict(
            images=self.images,
            instances=int(self.error_types.sum()),
            objects=int(self.confusion[:-1].sum()),
            class_accuracy=_plain(class_accuracy(self.confusion)),
            classes=[*self.classes, 'background'],
            precision=[_plain(value) for value in precision.tolist()],
            recall=[_plain(value) for value in recall.tolist()],
            confusion=self.confusion.tolist(),
            error_types=dict(zip(ERROR_TYPES, map(int, self.error_types.tolist()))),
            rank_correlation=self.correlations(),
            points={name: np.round(values.astype(float), 4).tolist()
                    for name, values in self.points().items()})


def _plain(value: float) -> Optional[float]:
    """A number as JSON has it: NaN is None."""
    return None if np.isnan(value) else value
