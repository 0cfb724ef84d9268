"""Whether the evaluator of a run reads the data set's annotations as they are meant."""

from typing import Any, Collection, FrozenSet, List

from mmdet.datasets import CocoDataset

from ..leaf_datasets import leaf_datasets
from .coco_validation import shorten
from .evaluator_input import Findings, coco_metrics, complete
from .perfect_predictions import check_perfect


def check_evaluator(evaluator: object, dataset: object, image_ids: Collection[Any]) -> Findings:
    """Complete the ground truth of an evaluator, and evaluate it as if it were predictions.

    Args:
        evaluator: mmengine's ``Evaluator``; the ground truth of its metrics is completed in place.
        dataset: the data set that is evaluated.
        image_ids: ids of its images.

    Returns:
        What was completed and what keeps AP below 1; what the evaluator would crash on or count
        wrongly. Metrics that read no COCO annotations are not looked at.
    """
    told: List[str] = []
    problems: List[str] = []
    names: FrozenSet[str] = frozenset()
    for metric in coco_metrics(evaluator):
        path = ', '.join(annotation_files(dataset)) or 'the annotation file of the evaluator'
        classes = list(dataset.metainfo['classes'])
        found = [_check_images(metric._coco_api.imgs, image_ids, path),
                 complete(metric, path, classes)]
        if not any(one.problems for one in found):
            found.append(check_perfect(metric, path, classes))
        for one in found:
            told += one.told
            problems += one.problems
            names |= one.names
    return Findings(list(dict.fromkeys(told)), list(dict.fromkeys(problems)), names)


def annotation_files(dataset: object) -> List[str]:
    """Paths of the COCO files of a data set, each once.

    Args:
        dataset: a data set or a wrapper of some.
    """
    return list(dict.fromkeys(leaf.ann_file for leaf in leaf_datasets(dataset)
                              if isinstance(leaf, CocoDataset)))


def _check_images(known: Collection[Any], image_ids: Collection[Any], path: str) -> Findings:
    """Compare the images of evaluator and data set."""
    unknown = [i for i in image_ids if i not in known]
    if unknown:
        return Findings([], [
            f'{path}: {len(unknown)} of its images are not in the file that the evaluator reads '
            f'(ids {shorten(unknown)}). Give both the same file: data_set.val and data_set.test, '
            'or ann_file of the evaluator.'])
    missing = len(known) - len(set(image_ids))
    return Findings([f'{path}: {missing} of the {len(known)} images of the evaluator are not in the'
                     ' data set, so their objects count as not found.'] if missing else [], [])
