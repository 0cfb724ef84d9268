"""A diagnosis: observe, count, advise."""

from typing import Any, Dict, List, Optional, Sequence

import numpy as np
from mmdet.datasets import CocoDataset

from mmssis.datasets.checks.network_size import network_size
from mmssis.engine.model_checks import object_limit
from mmssis.evaluation import JudgedInstances, confusion_matrix
from mmssis.evaluation.confusion import largest_confusions
from mmssis.models.detectors import SemiInstanceSegmentor
from mmssis.report.mistakes import SCORE_THR
from mmssis.report.validation import predict_images

from .advice import advise
from .error_costs import Costs, error_costs, judge_predictions
from .facts import Facts
from .loading import Loaded
from .observing import PseudoCandidates, count_wrong, judge_results, pseudo_candidates
from .pseudo_label_filter import FilterOfModel
from .threshold_table import Row, kept_by, most_precise, suggest, threshold_table


def diagnose_images(loaded: Loaded, dataset: CocoDataset, precisions: Sequence[float],
                    max_images: int) -> Dict[str, Any]:
    """Judge a model on labeled images.

    Args:
        loaded: of :func:`load`.
        dataset: the images.
        precisions: to reach by thresholds, in (0, 1].
        max_images: how many images, at most.

    Returns:
        In types of JSON, see :func:`mmssis.api.diagnose`.

    Raises:
        ValueError: if no image can be read, or they have no objects.
    """
    predicted = predict_images(loaded.model, dataset, max_images, 'predictions')
    for message in predicted['unreadable']:
        print(message)
    if not predicted['images']:
        raise ValueError('None of the labeled images can be read: correct the folder, '
                         'data_set.image_dirs or --images.')
    images = judge_results(dataset, predicted)
    num_classes = len(dataset.metainfo['classes'])
    mean, at_50 = error_costs(images, num_classes), error_costs(images, num_classes, (0.5, ))
    thresholds = _thresholds(loaded, dataset, predicted, precisions)
    facts = _facts(loaded, dataset, images, at_50, thresholds)
    return dict(
        images=len(images), objects=facts.objects, unreadable=predicted['unreadable'],
        ap=mean.ap, ap_50=at_50.ap, errors=_errors(mean, at_50), mask_iou=facts.mask_iou,
        confusions=list(facts.confusions), thresholds=thresholds,
        no_thresholds=loaded.why_not,
        advice=[advice._asdict() for advice in advise(facts)])


def _errors(mean: Costs, at_50: Costs) -> Dict[str, Dict[str, float]]:
    """Number and costs of each kind of error."""
    return {kind: dict(count=count, ap=mean.costs[kind], ap_50=at_50.costs[kind])
            for kind, count in at_50.counts.items()}


def _thresholds(loaded: Loaded, dataset: CocoDataset, predicted: Dict[str, Any],
                precisions: Sequence[float]) -> Optional[Dict[str, Any]]:
    """The table, the thresholds of the config and those for each precision."""
    used = loaded.used
    if used is None:
        return None
    read = {image['id'] for image in predicted['images']}
    places = [i for i in range(len(dataset)) if dataset.get_data_info(i)['img_id'] in read]
    found = pseudo_candidates(loaded.model, used, dataset, places, loaded.classes)
    rows = threshold_table(found.scores, found.objects, found.num_objects, used.grids())
    now = next(row for row in rows if row.thresholds == used.now)
    best = most_precise(rows)
    return dict(
        filter=used.name, keys=list(used.keys), table=[row.as_dict() for row in rows],
        now=_described(used, found, now),
        most_precise=None if best is None else _described(used, found, best),
        suggested={f'{precision:g}': None if row is None else _described(used, found, row)
                   for precision in precisions for row in [suggest(rows, precision)]})


def _described(used: FilterOfModel, found: PseudoCandidates, row: Row) -> Dict[str, Any]:
    """A row with its options and what is wrong with its pseudo labels."""
    return dict(row.as_dict(), options=used.options(row.thresholds),
                wrong=count_wrong(found, kept_by(found.scores, row.thresholds)))


def _facts(loaded: Loaded, dataset: CocoDataset, images: Sequence[JudgedInstances], costs: Costs,
           thresholds: Optional[Dict[str, Any]]) -> Facts:
    """What the rules of the advice read."""
    matched = np.concatenate([_matched_iou(image) for image in images])
    now = thresholds['now'] if thresholds else dict(pseudo=0, wrong={}, recall=0)
    suggested = next(filter(None, thresholds['suggested'].values()), None) if thresholds else None
    size = network_size(dataset.pipeline.transforms)
    is_semi = isinstance(loaded.model, SemiInstanceSegmentor)
    hooks = loaded.model.pseudo_label_hooks if is_semi else {}
    limit = object_limit(loaded.model)
    return Facts(
        costs.costs, costs.counts, sum(len(image.gt_labels) for image in images),
        max(len(image.gt_labels) for image in images),
        float(matched.mean()) if len(matched) else None,
        _confusions(images, dataset.metainfo['classes']),
        {name: type(hook).__name__ for name, hook in hooks.items()},
        next((limit[key] for key in ('num_queries', 'num_kernels') if key in limit), None),
        None if size is None else (int(size.width), int(size.height)),
        loaded.cfg.model.get('burn_in'), suggested and suggested['options'],
        bool(suggested and suggested['recall'] > now['recall']), now['pseudo'], now['wrong'])


def _matched_iou(image: JudgedInstances) -> np.ndarray:
    """IoU of the objects of an image that are found."""
    matches = judge_predictions(image, 0.5).matches
    rows = np.flatnonzero(matches >= 0)
    return image.iou.numpy()[rows, matches[rows]]


def _confusions(images: Sequence[JudgedInstances], classes: Sequence[str]) -> List[str]:
    """The classes that are confused most."""
    sure = [JudgedInstances(image.iou[kept], image.labels[kept], image.gt_labels, {})
            for image in images for kept in [image.scores['score'] >= SCORE_THR]]
    return largest_confusions(sum(confusion_matrix(image, len(classes)) for image in sure),
                              classes, 3)
