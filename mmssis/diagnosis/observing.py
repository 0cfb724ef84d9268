"""What a model predicts of labeled images, and what its teacher would make pseudo labels of."""

from typing import Any, Dict, List, NamedTuple, Sequence

import numpy as np
import torch
from mmdet.datasets import CocoDataset
from torch import Tensor, nn
from tqdm import tqdm

from mmssis.evaluation import ERROR_TYPES, HiddenGroundTruth, JudgedInstances
from mmssis.evaluation.coco_results import CocoTruth
from mmssis.evaluation.error_types import types_of_iou
from mmssis.evaluation.judged_instances import judge_in_view
from mmssis.evaluation.teacher import batch_of
from mmssis.structures import resolve_masks

from .pseudo_label_filter import FilterOfModel

IOU_THR = 0.5
STRIDE = 4
"""Masks of pseudo labels are compared on every fourth pixel of the network input."""
CLASS_SCORES = 'class_scores_at_the_filter'


class PseudoCandidates(NamedTuple):
    """Candidates of all images, with the class that the hooks would give them.

    Attributes:
        scores: what the filter compares with its A thresholds, (D, A).
        objects: the true instance of the class that each covers with an IoU of at least 0.5,
            counted over all images; -1 for none; (D,).
        types: places in ``ERROR_TYPES``, (D,).
        num_objects: true instances of all images.
    """

    scores: np.ndarray
    objects: np.ndarray
    types: np.ndarray
    num_objects: int


def judge_results(dataset: CocoDataset, predicted: Dict[str, Any]) -> List[JudgedInstances]:
    """Predictions of images beside the truth.

    Args:
        dataset: the images.
        predicted: of :func:`mmssis.report.validation.predict_images`.

    Returns:
        One per image, with labels of the data set and the score ``score``.
    """
    truth = CocoTruth(dataset.ann_file)
    # Label of the data set by that of the truth; -1 for a class that the model does not have.
    labels = torch.tensor([dataset.cat2label[category] if category in dataset.cat2label else -1
                           for category in sorted(truth.labels_of)])
    found: Dict[Any, List[dict]] = {image['id']: [] for image in predicted['images']}
    for result in predicted['results']:
        found[result['image_id']].append(result)
    return [_relabeled(truth.judge_image(image, results), labels)
            for image, results in found.items()]


def _relabeled(image: JudgedInstances, labels: Tensor) -> JudgedInstances:
    """With other labels; objects of the label -1 are left out."""
    gt_labels = labels[image.gt_labels]
    return JudgedInstances(image.iou[:, gt_labels >= 0], labels[image.labels],
                           gt_labels[gt_labels >= 0], image.scores)


@torch.no_grad()
def pseudo_candidates(model: nn.Module, used: FilterOfModel, dataset: CocoDataset,
                      places: Sequence[int], classes: Sequence[str]) -> PseudoCandidates:
    """Run the teacher and the hooks on weak views, with the filter opened.

    Args:
        model: of :func:`~mmssis.evaluation.teacher.load_teacher`.
        used: its filter.
        dataset: the images.
        places: of the images in the data set.
        classes: K names.

    Returns:
        The candidates of all images.
    """
    hidden = HiddenGroundTruth(dataset.ann_file, classes)
    scores, objects, types, num_objects = [np.zeros((0, len(used.keys)))], [], [], 0
    with used.opened():
        for place in tqdm(places, desc='pseudo labels', unit='image'):
            image = _judge(model, used, batch_of(model, dataset[place]), hidden)
            scores.append(used.scores(image.scores['class'], image.scores['mask']))
            objects.append(_offset(_covered(image), num_objects))
            types.append(types_of_iou(image.iou, image.labels, image.gt_labels).numpy())
            num_objects += len(image.gt_labels)
    return PseudoCandidates(np.concatenate(scores), _joined(objects), _joined(types), num_objects)


def _judge(model: nn.Module, used: FilterOfModel, batch: Dict[str, Any],
           hidden: HiddenGroundTruth) -> JudgedInstances:
    """What reaches the end of the hooks, with the scores that the filter saw."""
    images, samples = batch['inputs'], batch['data_samples']
    for name, (instances, ) in model.pseudo_label_stages(images, samples):
        if name == used.stage_before:
            instances.set_field(instances.class_scores.float(), CLASS_SCORES)
    instances = resolve_masks(instances)
    truth = hidden.in_view(samples[0].metainfo, images.shape[-2:], STRIDE, images.device)
    return judge_in_view(instances, *truth, {
        'class': instances[CLASS_SCORES], 'mask': instances.mask_scores})


def _covered(image: JudgedInstances) -> Tensor:
    """The object of its class that each instance covers best, -1 below the IoU; (N,)."""
    if not len(image.gt_labels):
        return torch.full_like(image.labels, -1)
    same = image.labels[:, None] == image.gt_labels[None]
    best, objects = image.iou.where(same, image.iou.new_tensor(0.)).max(1)
    return objects.where(best >= IOU_THR, objects.new_tensor(-1))


def _offset(objects: Tensor, start: int) -> np.ndarray:
    """Numbers of objects over all images, -1 for none."""
    return torch.where(objects >= 0, objects + start, objects).numpy()


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Integers of all images."""
    return np.concatenate([np.zeros(0, int), *parts])


def count_wrong(candidates: PseudoCandidates, kept: np.ndarray) -> Dict[str, int]:
    """What is wrong with pseudo labels.

    Args:
        candidates: D of them.
        kept: which become pseudo labels, bool (D,).

    Returns:
        ``class``, ``mask``, ``background`` and ``duplicate`` to numbers.
    """
    types = candidates.types[kept]
    counts = {name: int((types == i).sum()) for i, name in enumerate(ERROR_TYPES)}
    objects = candidates.objects[kept]
    right = objects[objects >= 0]
    return {'class': counts['Sim'] + counts['Oth'], 'mask': counts['Loc'],
            'background': counts['BG'], 'duplicate': len(right) - len(np.unique(right))}
