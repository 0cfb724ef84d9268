"""What an evaluator needs of its annotation file, completed in memory or refused."""

from collections import Counter
from numbers import Integral
from typing import Any, Dict, FrozenSet, List, NamedTuple, Optional, Sequence

from mmdet.datasets.api_wrappers import COCO
from mmdet.evaluation.metrics import CocoMetric
from pycocotools import mask as rle

from .coco_validation import shorten
from .quietly import quietly

MAX_SHOWN = 2
BOX_METRIC = 'To evaluate boxes alone, set val_evaluator.metric and test_evaluator.metric to "bbox"'


class Findings(NamedTuple):
    """What was found in an evaluator's input, in words.

    Attributes:
        told: what was completed, and what a reader of the numbers should know.
        problems: what the evaluator would crash on or count wrongly.
        names: metrics that it returns, where that was tried.
    """

    told: List[str]
    problems: List[str]
    names: FrozenSet[str] = frozenset()


def coco_metrics(evaluator: object) -> List[CocoMetric]:
    """The metrics of an evaluator that compare with the annotations of a COCO file.

    Args:
        evaluator: mmengine's ``Evaluator``.

    Returns:
        Those of the ``CocoMetric`` family that read a file with annotations. Metrics that only
        write predictions, and files without annotations, are left out.
    """
    return [metric for metric in evaluator.metrics
            if isinstance(metric, CocoMetric) and not metric.format_only
            and isinstance(metric._coco_api, COCO)
            and metric._coco_api.dataset.get('annotations')]


def reads_masks(metric: CocoMetric) -> bool:
    """Whether a metric compares masks; one of your own says so by ``reads_masks = True``."""
    return 'segm' in metric.metrics or getattr(metric, 'reads_masks', False)


def complete(metric: CocoMetric, path: str, classes: Sequence[str]) -> Findings:
    """Complete an evaluator's ground truth in memory where it is clear what is meant.

    ``iscrowd`` that is missing becomes 0; ``area`` that of the mask, or of the box where boxes
    alone are evaluated, and masks not looked at; polygons of fewer than 3
    points go where others stay; annotation ids that are 0, text or repeated are numbered from 1.
    For AP by class, categories whose ids do not rise are numbered in the order of the file, as
    pycocotools sorts them and mmdet does not. A second call finds nothing to do.

    Args:
        metric: a metric of :func:`coco_metrics`; its annotations are changed in place.
        path: the annotation file, for the messages.
        classes: class names of the predictions, in label order.

    Returns:
        What was completed, and what cannot be.
    """
    content = metric._coco_api.dataset
    images = {image['id']: image for image in content['images']}
    done: Counter = Counter()
    faults: List[str] = []
    for index, annotation in enumerate(content['annotations']):
        fault = _complete(annotation, images.get(annotation['image_id']), reads_masks(metric),
                          done)
        if fault:
            faults.append(f'$.annotations[{index}] (id {annotation["id"]!r}) {fault}')
    told = [f'{path}: {count} annotations {what}.' for what, count in done.items()]
    problems = [f'{path}: {len(faults)} of {len(content["annotations"])} annotations cannot be '
                f'evaluated: {shorten(faults, MAX_SHOWN)}.'] if faults else []
    if _number_annotations(content['annotations']):
        told.append(f'{path}: annotation ids are numbered from 1 in memory, as the evaluator needs '
                    'numbers that differ and takes 0 for "not found".')
    categories = _order_categories(metric, path, classes)
    if told or categories.told:
        index_anew(metric._coco_api)
    return Findings(told + categories.told, problems + categories.problems)


def _complete(annotation: dict, image: Optional[dict], needs_masks: bool,
              done: Counter) -> Optional[str]:
    """Complete one annotation; what is wrong with it, None where nothing is."""
    if image is None:
        return f'has image_id {annotation["image_id"]!r}, which is not the "id" of an image'
    if annotation.get('iscrowd') is None:
        annotation['iscrowd'] = 0
        done['have no "iscrowd": taken as 0'] += 1
    if not needs_masks:
        if annotation.get('area') is None:
            annotation['area'] = float(annotation['bbox'][2] * annotation['bbox'][3])
            done['have no "area": computed from the box'] += 1
        return None
    mask = annotation.get('segmentation')
    if isinstance(mask, list):
        mask = [polygon for polygon in mask if len(polygon) >= 6]
        if mask and len(mask) < len(annotation['segmentation']):
            annotation['segmentation'] = mask
            done['have polygons of fewer than 3 points: left out'] += 1
    if not mask:
        return (f'has the mask {str(annotation.get("segmentation"))[:40]}: add polygons of at '
                f'least 3 points or an RLE, or remove it. {BOX_METRIC}')
    if annotation.get('area') is None:
        annotation['area'] = float(rle.area(encode(mask, image)))
        done['have no "area": computed from the mask'] += 1
    return None


def encode(mask: Any, image: dict) -> Dict[str, Any]:
    """Polygons or an RLE as pycocotools' compressed RLE.

    Args:
        mask: ``segmentation`` of an annotation.
        image: its image, with ``height`` and ``width``.
    """
    size = image['height'], image['width']
    if isinstance(mask, list):
        return rle.merge(rle.frPyObjects(mask, *size))
    return dict(mask) if not isinstance(mask['counts'], list) else rle.frPyObjects(mask, *size)


def _number_annotations(annotations: List[dict]) -> bool:
    """Number annotations from 1 where their ids would be mistaken; whether that was done."""
    ids = [annotation.get('id') for annotation in annotations]
    are_numbers = all(isinstance(i, Integral) and not isinstance(i, bool) for i in ids)
    if are_numbers and 0 not in ids and len(set(ids)) == len(ids):
        return False
    for number, annotation in enumerate(annotations, 1):
        annotation['id'] = number
    return True


def _order_categories(metric: CocoMetric, path: str, classes: Sequence[str]) -> Findings:
    """Make the ids of the evaluated categories rise, where AP by class would swap names."""
    content = metric._coco_api.dataset
    ids = [category['id'] for category in content['categories'] if category['name'] in classes]
    if not metric.classwise or ids == sorted(ids):
        return Findings([], [])
    if metric.outfile_prefix is not None:
        return Findings([], [
            f'{path}: the ids of its categories do not rise ({ids}), so AP by class would stand '
            'under other names. Sort "categories" by id, and classes likewise; or leave out '
            'outfile_prefix or classwise of the evaluator.'])
    numbers = {category['id']: number for number, category in enumerate(content['categories'], 1)}
    for category in content['categories']:
        category['id'] = numbers[category['id']]
    for annotation in content['annotations']:
        annotation['category_id'] = numbers[annotation['category_id']]
    return Findings([f'{path}: the ids of its categories do not rise ({ids}); numbered from 1 in '
                     'memory, so that AP by class stands under its own name.'], [])


def index_anew(api: COCO) -> None:
    """Index annotations that were changed, as mmdet does after reading.

    Args:
        api: mmdet's interface to them, changed in place.
    """
    with quietly():
        api.createIndex()
    api.img_ann_map, api.cat_img_map = api.imgToAnns, api.catToImgs
