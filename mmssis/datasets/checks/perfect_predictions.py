"""Whether an evaluator gives a file's own annotations AP 1."""

from collections import Counter, defaultdict
from copy import copy
from typing import Dict, Iterable, Iterator, List, Sequence, Set, Tuple

import numpy as np
from mmdet.datasets.api_wrappers import COCO
from mmdet.evaluation.metrics import CocoMetric
from pycocotools import mask as rle

from .coco_validation import shorten
from .evaluator_input import MAX_SHOWN, Findings, encode, index_anew, reads_masks
from .quietly import quietly

IOU_TYPES = frozenset(('bbox', 'segm'))
# What is tried is small: every class, some more images, few instances of a class in each.
NUM_IMAGES = 50
MAX_PER_IMAGE = 20
PERFECT = 0.999
MAX_CHARACTERS = 200
TEXT_IDS = ' (FasterCocoMetric needs whole numbers as image ids)'
# mmdet's AP by class reads the sixth threshold.
FOR_CLASSES, IOU_THRS = 5, np.linspace(0.5, 0.95, 10)


def check_perfect(metric: CocoMetric, path: str, classes: Sequence[str]) -> Findings:
    """Evaluate a file's own annotations as if they were predictions.

    A copy of the metric is asked, with a copy of some images' annotations: of every class that
    has instances, and of about 50 images. Instances that no prediction can match, as their box or
    mask is empty, are left out and told.

    Args:
        metric: a metric whose annotations are complete, see
            :func:`mmssis.datasets.checks.evaluator_input.complete`; it stays as it is.
        path: the annotation file, for the messages.
        classes: class names of the predictions, in label order.

    Returns:
        What no prediction can match; masks that cannot be read and classes without AP 1; the names
        of the metrics.
    """
    content = metric._coco_api.dataset
    names = {category['id']: category['name'] for category in content['categories']}
    annotations = [annotation for annotation in content['annotations']
                   if names[annotation['category_id']] in classes]
    chosen = choose_images(annotations)
    images = {image['id']: image for image in content['images'] if image['id'] in chosen}
    annotations = list(_few(annotation for annotation in annotations
                            if annotation['image_id'] in images))
    masks, faults = _read_masks(annotations, images) if reads_masks(metric) else ({}, [])
    if faults:
        return Findings([], [
            f'{path}: the evaluator cannot read {len(faults)} masks: {shorten(faults, MAX_SHOWN)}. '
            'Write polygons [[x1, y1, x2, y2, ...], ...] or an RLE of the size of the image.'])
    empty = [a['id'] for a in annotations if not a['iscrowd'] and _is_empty(a, masks, metric)]
    told = [f'{path}: {len(empty)} instances have an empty box or mask, which no prediction can '
            f'match, so AP 1 is out of reach (ids {shorten(empty)}). Remove them.'] if empty else []
    truth = [annotation for annotation in annotations if annotation['id'] not in set(empty)]
    predictions = _predictions(truth, masks, {i: classes.index(name) for i, name in names.items()
                                              if name in classes}, images)
    truth = dict(content, images=list(images.values()), annotations=list(map(dict, truth)))
    names_of_metrics: Set[str] = set()
    problems = [f'{path}: {problem}'
                for problem in _evaluate(metric, truth, predictions, names_of_metrics)]
    return Findings(told, problems, frozenset(names_of_metrics))


def choose_images(annotations: Sequence[dict]) -> Set:
    """Ids of images in which every class occurs, and of the first ones up to 50.

    Args:
        annotations: in COCO's form; crowd regions do not count.
    """
    sizes: Counter = Counter(a['image_id'] for a in annotations)
    images_of: Dict[object, Set] = defaultdict(set)
    for annotation in annotations:
        if not annotation['iscrowd']:
            images_of[annotation['category_id']].add(annotation['image_id'])
    chosen: Set = set()
    for images in sorted(images_of.values(), key=len):
        if chosen.isdisjoint(images):
            chosen.add(min(images, key=sizes.__getitem__))
    return chosen | set(list(sizes)[:max(NUM_IMAGES - len(chosen), 0)])


def _few(annotations: Iterable[dict]) -> Iterator[dict]:
    """The first instances of a class in each image."""
    counts: Counter = Counter()
    for annotation in annotations:
        place = annotation['image_id'], annotation['category_id']
        counts[place] += 1
        if counts[place] <= MAX_PER_IMAGE:
            yield annotation


def _read_masks(annotations: Sequence[dict], images: Dict) -> Tuple[Dict, List[str]]:
    """RLE of each annotation by its id, and the faults of those that cannot be read."""
    masks, faults = {}, []
    for annotation in annotations:
        image = images[annotation['image_id']]
        try:
            mask = encode(annotation['segmentation'], image)
            if list(mask['size']) != [image['height'], image['width']]:
                raise ValueError(f'its size {mask["size"]} is not that of the image')
            masks[annotation['id']] = mask
        except Exception as error:  # pycocotools raises plain Exception
            faults.append(f'annotation {annotation["id"]} of image {annotation["image_id"]!r} '
                          f'({type(error).__name__}: {error})')
    return masks, faults


def _is_empty(annotation: dict, masks: Dict, metric: CocoMetric) -> bool:
    """Whether the box or mask that a metric compares covers nothing."""
    if 'bbox' in metric.metrics and min(annotation['bbox'][2:]) <= 0:
        return True
    return bool(masks) and not rle.area(masks[annotation['id']])


def _predictions(truth: Sequence[dict], masks: Dict, labels: Dict, images: Dict) -> List[Tuple]:
    """Results as mmdet's metric collects them: instances with score 1."""
    of_image: Dict = {image: [] for image in images}
    for annotation in truth:
        if not annotation['iscrowd']:
            of_image[annotation['image_id']].append(annotation)
    results = []
    for image, instances in of_image.items():
        boxes = np.array([a['bbox'] for a in instances], dtype=float).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        result = dict(img_id=image, bboxes=boxes, scores=np.ones(len(boxes)),
                      labels=np.array([labels[a['category_id']] for a in instances], dtype=int))
        if masks:
            result['masks'] = [dict(masks[a['id']]) for a in instances]
        results.append((dict(), result))
    return results


def _evaluate(metric: CocoMetric, truth: dict, predictions: List[Tuple],
              names_of_metrics: Set[str]) -> Iterator[str]:
    """Classes that a copy of a metric does not give AP 1; fills the names of its metrics."""
    names = {category['id']: category['name'] for category in truth['categories']}
    evaluated = {names[a['category_id']] for a in truth['annotations'] if not a['iscrowd']}
    for kind in IOU_TYPES & set(metric.metrics) if evaluated else ():
        trial = _trial(metric, truth, kind)
        try:
            with quietly():
                found = trial.compute_metrics([(gt, _copied(result)) for gt, result in predictions])
        except Exception as error:
            hint = TEXT_IDS if any(isinstance(i['id'], str) for i in truth['images']) else ''
            cause = str(error).partition('\n')[0][:MAX_CHARACTERS]
            yield (f'{type(metric).__name__} stops at perfect predictions with '
                   f'{type(error).__name__}: {cause}. Correct its settings or the file{hint}.')
            continue
        names_of_metrics |= {f'{metric.prefix}/{name}' for name in found
                             if _is_asked_for(name, metric, kind)}
        values = {name: found[f'{name}_precision'] for name in sorted(evaluated)}
        values.update({name: ap for name, ap in found.items() if name.endswith('mAP')})
        low = {name: ap for name, ap in values.items() if not ap >= PERFECT}
        if low:
            listed = shorten([f'{name} {ap:.3g}' for name, ap in low.items()])
            yield (f'perfect predictions get {kind} AP below 1 from {type(metric).__name__} '
                   f'({listed}), so it does not read the file as it is meant. Look at the masks, '
                   'boxes and categories of these classes, and at its proposal_nums, which must '
                   'hold 100.')


def _trial(metric: CocoMetric, truth: dict, kind: str) -> CocoMetric:
    """A copy of a metric that evaluates other annotations, by class."""
    trial = copy(metric)
    trial._coco_api = _api(truth)
    trial.metrics, trial.metric_items, trial.outfile_prefix = [kind], None, None
    trial.cat_ids = trial.img_ids = None
    trial.classwise, trial.use_mp_eval = True, False
    is_short = isinstance(metric.iou_thrs, np.ndarray) and len(metric.iou_thrs) <= FOR_CLASSES
    if is_short and not metric.classwise:
        trial.iou_thrs = IOU_THRS
    return trial


def _is_asked_for(name: str, metric: CocoMetric, kind: str) -> bool:
    """Whether a metric returns a name of its trial with its own settings, too."""
    if name.endswith('_precision'):
        return metric.classwise
    item = name[len(kind) + 1:] if name.startswith(f'{kind}_') else None
    return metric.metric_items is None or item is None or item in metric.metric_items


def _api(content: dict) -> COCO:
    """mmdet's interface to annotations in memory, which it may change."""
    api = COCO()
    api.dataset = dict(content, annotations=list(map(dict, content['annotations'])))
    index_anew(api)
    return api


def _copied(result: dict) -> dict:
    """A result whose masks may be changed."""
    return dict(result, masks=list(map(dict, result['masks']))) if 'masks' in result else result
