"""What each kind of error costs in AP: what AP would be without it.

The definition is TIDE's (Bolya et al., ECCV 2020). Axes: N predictions and G true instances of one
image, D predictions of all images, K classes.
"""

from typing import Dict, NamedTuple, Sequence, Tuple

import numpy as np

from mmssis.evaluation import JudgedInstances

from .average_precision import mean_ap

FALSE_POSITIVES = ('class', 'mask', 'both', 'duplicate', 'background')
ERRORS = (*FALSE_POSITIVES, 'missed')
"""Kinds of errors: wrong class; poor mask; both; object found twice; no object there; not found."""

CLASS, MASK, BOTH, DUPLICATE, BACKGROUND = range(len(FALSE_POSITIVES))
CORRECT = -1
BACKGROUND_IOU = 0.1
IOU_THRESHOLDS = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))


class Costs(NamedTuple):
    """AP and what the errors cost.

    Attributes:
        ap: COCO's average precision, in [0, 1].
        costs: kind of error to how much higher AP is when errors of this kind alone are fixed.
        counts: kind of error to how many there are.
    """

    ap: float
    costs: Dict[str, float]
    counts: Dict[str, int]


class Judgement(NamedTuple):
    """Predictions of one image at one IoU threshold.

    Attributes:
        kinds: places in :data:`FALSE_POSITIVES`, or :data:`CORRECT`, (N,).
        matches: the true instance of each correct prediction, else -1, (N,).
        fixed: class of the prediction once its error is fixed, -1 if it is taken away then, (N,).
        missed: true instances that no prediction is about, bool (G,).
    """

    kinds: np.ndarray
    matches: np.ndarray
    fixed: np.ndarray
    missed: np.ndarray


def error_costs(images: Sequence[JudgedInstances], num_classes: int,
                iou_thrs: Sequence[float] = IOU_THRESHOLDS) -> Costs:
    """Compute AP and the cost of each kind of error, as means over IoU thresholds.

    Fixed are: ``class``, the prediction gets the class of its object; ``mask``, it gets the mask of
    its object (in both cases the best one alone, if the object is not found yet); ``both``,
    ``duplicate`` and ``background``, it is taken away; ``missed``, the object is no longer asked
    for, as if it had been found as precisely as the others. A class of which nothing but missed
    objects is left has AP 1 then.

    Args:
        images: predictions of each image with the score ``score``, beside its truth.
        num_classes: K.
        iou_thrs: smallest IoU of a correct prediction, in (0.1, 1]. Default: COCO's ten.

    Returns:
        The means; ``counts`` are those at the first threshold.

    Raises:
        ValueError: if the images have no true instance.
    """
    if not any(len(image.gt_labels) for image in images):
        raise ValueError('The labeled images have no object of the classes of the model: AP does '
                         'not exist. Give other images with --labeled and --images.')
    at_each = [_costs_at(images, num_classes, iou_thr) for iou_thr in iou_thrs]
    return Costs(float(np.mean([each.ap for each in at_each])),
                 {kind: float(np.mean([each.costs[kind] for each in at_each])) for kind in ERRORS},
                 at_each[0].counts)


def _costs_at(images: Sequence[JudgedInstances], num_classes: int, iou_thr: float) -> Costs:
    """:func:`error_costs` at one threshold."""
    judged = [judge_predictions(image, iou_thr) for image in images]
    gt_labels = np.concatenate([image.gt_labels.numpy() for image in images])
    objects = np.bincount(gt_labels, minlength=num_classes)
    missed = np.concatenate([each.missed for each in judged])
    labels, scores = (np.concatenate(parts) for parts in zip(
        *((image.labels.numpy(), image.scores['score'].numpy()) for image in images)))
    kinds, fixed = (np.concatenate(parts) for parts in zip(
        *((each.kinds, each.fixed) for each in judged)))
    ap = mean_ap(scores, labels, kinds == CORRECT, objects)
    costs = {}
    for kind, name in enumerate(FALSE_POSITIVES):
        is_kind = kinds == kind
        kept = ~is_kind | (fixed >= 0)
        costs[name] = mean_ap(scores[kept], np.where(is_kind, fixed, labels)[kept],
                              ((kinds == CORRECT) | is_kind)[kept], objects) - ap
    found = objects - np.bincount(gt_labels[missed], minlength=num_classes)
    costs['missed'] = mean_ap(scores, labels, kinds == CORRECT, objects, found) - ap
    counts = {name: int((kinds == kind).sum()) for kind, name in enumerate(FALSE_POSITIVES)}
    return Costs(ap, {name: max(cost, 0.0) for name, cost in costs.items()},
                 dict(counts, missed=int(missed.sum())))


def judge_predictions(image: JudgedInstances, iou_thr: float) -> Judgement:
    """Find the kind of each prediction of one image.

    As in COCO, predictions choose in the order of their scores the best object of their class that
    is not taken.

    Args:
        image: predictions with the score ``score``, beside the truth.
        iou_thr: smallest IoU of a correct prediction, in (0.1, 1].

    Returns:
        The kinds, in the order of the predictions.
    """
    # One more column, of no object, lets an image without objects have a maximum.
    iou = np.pad(image.iou.numpy(), ((0, 0), (0, 1)))
    gt_labels = np.pad(image.gt_labels.numpy(), (0, 1), constant_values=-1)
    same = image.labels.numpy()[:, None] == gt_labels[None]
    within, other = np.where(same, iou, 0), np.where(same, 0, iou)
    order = np.argsort(-image.scores['score'].numpy(), kind='stable')
    matches = _match(within, order, iou_thr)
    kinds = _kinds(within.max(1), other.max(1), iou_thr)
    kinds[matches >= 0] = CORRECT
    fixed, missed = _fix(kinds, np.where(kinds == CLASS, other.argmax(1), within.argmax(1)),
                         matches, gt_labels, order)
    return Judgement(kinds, matches, fixed, missed[:-1])


def _match(within: np.ndarray, order: np.ndarray, iou_thr: float) -> np.ndarray:
    """Object of each prediction by IoU within its class (N, G + 1), -1 for none; (N,)."""
    left, matches = within.copy(), np.full(len(within), -1)
    for row in order[within.max(1)[order] >= iou_thr]:
        best = left[row].argmax()
        if left[row, best] >= iou_thr:
            matches[row] = best
            left[:, best] = 0
    return matches


def _kinds(within: np.ndarray, other: np.ndarray, iou_thr: float) -> np.ndarray:
    """Kind of each prediction, if it is wrong, by its best IoU within its class and others (N,)."""
    return np.select(
        [(within >= BACKGROUND_IOU) & (within < iou_thr), other >= iou_thr, within >= iou_thr,
         np.maximum(within, other) <= BACKGROUND_IOU], [MASK, CLASS, DUPLICATE, BACKGROUND], BOTH)


def _fix(kinds: np.ndarray, objects: np.ndarray, matches: np.ndarray, gt_labels: np.ndarray,
         order: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Classes of fixed predictions (N,), and objects that none would find then, bool (G + 1,).

    Args:
        kinds: (N,).
        objects: what each wrong class or mask is about, (N,).
        matches: (N,), -1 for none.
        gt_labels: (G + 1,).
        order: of the scores, (N,).
    """
    missed = np.ones(len(gt_labels), bool)
    missed[matches[matches >= 0]] = False
    fixed = np.full(len(kinds), -1)
    for row in order[np.isin(kinds[order], (CLASS, MASK))]:
        if missed[objects[row]]:
            fixed[row] = gt_labels[objects[row]]
            missed[objects[row]] = False
    return fixed, missed
