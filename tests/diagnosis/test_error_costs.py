"""Kinds of errors and what they cost."""

import numpy as np
import pytest
import torch
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from reference import tide

from mmssis.diagnosis.error_costs import (CORRECT, ERRORS, FALSE_POSITIVES, IOU_THRESHOLDS,
                                          error_costs, judge_predictions)
from mmssis.evaluation import JudgedInstances


def image(iou, labels, gt_labels, scores):
    """The instances of an image, from lists."""
    return JudgedInstances(
        torch.tensor(iou, dtype=torch.float32).reshape(len(labels), len(gt_labels)),
        torch.tensor(labels, dtype=torch.long), torch.tensor(gt_labels, dtype=torch.long),
        dict(score=torch.tensor(scores, dtype=torch.float32)))


# why: iou, labels, gt_labels, scores; kinds, number of missed objects
KINDS = {
    'found': ([[.9]], [0], [0], [.9], ['correct'], 0),
    'nothing predicted': ([], [], [0], [], [], 1),
    'nothing to find': ([], [0], [], [.9], ['background'], 0),
    'the second of two is a duplicate': ([[.6], [.9]], [0, 0], [0], [.9, .8],
                                         ['correct', 'duplicate'], 0),
    'the better score comes first, wherever it stands': (
        [[.9], [.6]], [0, 0], [0], [.8, .9], ['duplicate', 'correct'], 0),
    'two objects, two masks that prefer the same': (
        [[.9, .6], [.8, 0]], [0, 0], [0, 0], [.8, .9], ['correct', 'correct'], 0),
    'poor mask': ([[.3]], [0], [0], [.9], ['mask'], 0),
    'wrong class': ([[.9]], [1], [0], [.9], ['class'], 0),
    'wrong class and poor mask': ([[.3]], [1], [0], [.9], ['both'], 1),
    'grazes an object': ([[.05]], [0], [0], [.9], ['background'], 1),
    'a mask error of its class, although it covers another': (
        [[.3, .6]], [0], [0, 1], [.9], ['mask'], 1),
}


@pytest.mark.parametrize('iou, labels, gt_labels, scores, kinds, missed', KINDS.values(), ids=KINDS)
def test_kinds(iou, labels, gt_labels, scores, kinds, missed):
    found = judge_predictions(image(iou, labels, gt_labels, scores), 0.5)
    names = ['correct' if kind == CORRECT else FALSE_POSITIVES[kind] for kind in found.kinds]
    assert names == kinds and found.missed.sum() == missed


# why: iou, labels, gt_labels, scores; AP50 and what stands beside 0 in the costs
COSTS = {
    'perfect': ([[.9]], [0], [0], [.9], 1, {}),
    'nothing found': ([], [], [0], [], 0, dict(missed=1)),
    'wrong class': ([[.9]], [1], [0], [.9], 0, dict([('class', 1)])),
    'of two wrong classes one is corrected, the other goes': (
        [[.9], [.8]], [1, 1], [0], [.9, .8], 0, dict([('class', 1)])),
    'poor mask': ([[.3]], [0], [0], [.9], 0, dict(mask=1)),
    'background before the object': ([[0], [.9]], [0, 0], [0], [.9, .8], .5, dict(background=.5)),
    'background after the object costs nothing': ([[.9], [0]], [0, 0], [0], [.9, .8], 1, {}),
    'a class without objects does not count': ([[.9], [0]], [0, 1], [0], [.8, .9], 1, {}),
}


@pytest.mark.parametrize('iou, labels, gt_labels, scores, ap, costs', COSTS.values(), ids=COSTS)
def test_costs(iou, labels, gt_labels, scores, ap, costs):
    found = error_costs([image(iou, labels, gt_labels, scores)], 2, (0.5, ))
    assert found.ap == pytest.approx(ap)
    assert found.costs == pytest.approx({**dict.fromkeys(ERRORS, 0), **costs})


def test_no_objects_at_all():
    with pytest.raises(ValueError, match='have no object of the classes'):
        error_costs([image([], [0], [], [.9])], 1)


@pytest.mark.parametrize('seed', range(5))
def test_costs_against_a_second_writing(seed):
    rng = np.random.default_rng(seed)
    images = []
    for _ in range(8):
        num, num_gt = rng.integers(0, 12), rng.integers(0, 4)
        # Scores of three values, and IoUs at the thresholds themselves.
        images.append((rng.choice([0, .1, .2, .5, .6, .75, .9], (num, num_gt)).tolist(),
                       rng.integers(0, 3, num).tolist(), rng.integers(0, 3, num_gt).tolist(),
                       rng.permutation(12)[:num].astype(float).tolist()))
    images.append(([[.9]], [0], [0], [20.]))
    for iou_thr in (.5, .75):
        ap, costs = tide.costs(images, 3, iou_thr)
        found = error_costs([image(*each) for each in images], 3, (iou_thr, ))
        assert found.ap == pytest.approx(ap) and found.costs == pytest.approx(costs)


def test_ap_is_that_of_pycocotools():
    rng = np.random.default_rng(0)
    truth, results, images = [], [], []
    for image_id in range(1, 9):
        gt_labels, labels = rng.integers(0, 2, 3), rng.integers(0, 2, 9)
        boxes = np.array([[30. * i, 5, 20, 20] for i in range(3)])
        moved = np.tile(boxes, (3, 1)) + rng.uniform(0, 8, (9, 4)) * (1, 1, 0, 0)
        scores = rng.permutation(1000)[:9] / 1000
        rles, gt_rles = ([coco_mask.frPyObjects([polygon(box)], 64, 128)[0] for box in each]
                         for each in (moved, boxes))
        truth += [dict(id=len(truth) + i + 1, image_id=image_id, category_id=int(label) + 1,
                       iscrowd=0, area=400, bbox=boxes[i].tolist(), segmentation=gt_rles[i])
                  for i, label in enumerate(gt_labels)]
        results += [dict(image_id=image_id, category_id=int(label) + 1, score=float(score),
                         segmentation=rle) for label, score, rle in zip(labels, scores, rles)]
        images.append(image(coco_mask.iou(rles, gt_rles, [0] * 3), labels.tolist(),
                            gt_labels.tolist(), scores.tolist()))
    coco = COCO()
    coco.dataset = dict(images=[dict(id=i, height=64, width=128) for i in range(1, 9)],
                        categories=[dict(id=1), dict(id=2)], annotations=truth)
    coco.createIndex()
    evaluation = COCOeval(coco, coco.loadRes(results), 'segm')
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert error_costs(images, 2).ap == pytest.approx(evaluation.stats[0])
    assert error_costs(images, 2, IOU_THRESHOLDS[:1]).ap == pytest.approx(evaluation.stats[1])


def polygon(box):
    """Corners of (x, y, w, h)."""
    x, y, w, h = box
    return [x, y, x + w, y, x + w, y + h, x, y + h]
