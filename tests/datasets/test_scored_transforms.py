"""Scores of pseudo labels, from the annotations to the weights of the losses."""

import numpy as np
import pytest
import torch
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.dataset import Compose
from reference import plain_equations

from mmssis.datasets.transforms import CarryScores, LoadScoredAnnotations, PackWeightedInputs

BOXES = ((0, 0, 10, 10), (20, 20, 30, 30), (4, 4, 24, 24))
SCORES, MASK_SCORES = (0.5, 0.6, 0.9), (0.8, 0.7, 1.0)


def sample(scored=True, ignored=(0, 0, 0), num=3):
    """A loaded image of 32 x 32 with up to three boxes."""
    instances = [
        dict(bbox=list(BOXES[i]), bbox_label=i, ignore_flag=ignored[i],
             mask=[[x1, y1, x2, y1, x2, y2, x1, y2]])
        for i, (x1, y1, x2, y2) in enumerate(BOXES[:num])]
    if scored:
        for instance, score, mask_score in zip(instances, SCORES, MASK_SCORES):
            instance.update(score=score, mask_score=mask_score)
    return dict(img=np.zeros((32, 32, 3), np.uint8), img_shape=(32, 32), ori_shape=(32, 32),
                height=32, width=32, img_path='a.png', instances=instances)


def load(**settings):
    return LoadScoredAnnotations(with_bbox=True, with_mask=True)(sample(**settings))


def packed(results, *exponents):
    return PackWeightedInputs(*exponents, meta_keys=())(results)['data_samples'].gt_instances


@pytest.mark.parametrize('num', [0, 1, 3])
def test_scores_are_loaded_in_the_order_of_the_boxes(num):
    results = load(num=num)
    for field, expected in (('gt_scores', SCORES), ('gt_mask_scores', MASK_SCORES)):
        assert results[field].dtype == np.float32 and results[field].shape == (num, )
        assert results[field].tolist() == pytest.approx(expected[:num])
    assert len(results['gt_bboxes']) == len(results['gt_masks']) == num
    assert packed(results, 4, 4).mask_weights.shape == (num, )


def test_true_labels_score_1():
    results = load(scored=False)
    assert results['gt_scores'].tolist() == results['gt_mask_scores'].tolist() == [1, 1, 1]


@pytest.mark.parametrize('exponents', [(4, 2), (0, 3), (None, 3), (3, None)])
def test_weights_are_the_aligning_weights_of_the_scores(exponents):
    instances = packed(load(), *exponents)
    for name, exponent, scores in zip(('cls_weights', 'mask_weights'), exponents,
                                      (SCORES, MASK_SCORES)):
        assert (name in instances) == (exponent is not None)
        if exponent is not None:
            assert instances[name].dtype == torch.float32
            assert instances[name].tolist() == pytest.approx(
                plain_equations.aligning_weights(scores, exponent), rel=1e-6)


def test_weights_leave_out_regions_to_be_ignored():
    instances = packed(load(ignored=(0, 1, 0)), 1, 1)
    assert instances.labels.tolist() == [0, 2]
    assert instances.cls_weights.tolist() == pytest.approx([0.5, 0.9])
    assert instances.mask_weights.tolist() == pytest.approx([0.8, 1.0])


def test_an_exponent_needs_scores():
    results = load()
    del results['gt_scores']
    with pytest.raises(ValueError, match='gt_scores.*LoadScoredAnnotations'):
        packed(results, 4)
    packed(results, None, 4)


CROP = dict(type='RandomCrop', crop_size=(16, 16))
FILTER = dict(type='FilterAnnotations', min_gt_bbox_wh=(15, 15), keep_empty=False)


@pytest.mark.parametrize('dropping', [CROP, FILTER], ids=lambda step: step['type'])
def test_dropped_instances_are_refused_with_the_remedy(dropping):
    results = Compose([dropping])(dict(load(), img=np.zeros((32, 32, 3), np.uint8)))
    while len(results['gt_bboxes']) == 3:
        results = Compose([dropping])(load())
    with pytest.raises(ValueError, match=r'a.png: 3 gt_scores for \d instances.*CarryScores'):
        packed(results, 4)
    packed(results)


@pytest.mark.parametrize('steps', [[CROP], [FILTER], [CROP, FILTER], []], ids=str)
def test_carried_scores_stay_with_their_instances(steps):
    carry = TRANSFORMS.build(dict(type='CarryScores', transforms=steps))
    counts = set()
    for _ in range(20):
        results = carry(load())
        assert isinstance(results['gt_bboxes'], HorizontalBoxes)
        instances = packed(results, 1, 1)
        assert instances.cls_weights.tolist() == pytest.approx(
            [SCORES[label] for label in instances.labels])
        assert instances.mask_weights.tolist() == pytest.approx(
            [MASK_SCORES[label] for label in instances.labels])
        counts.add(len(instances))
    assert (counts == {3}) == (not steps)


def test_carrying_passes_a_refused_image_on():
    nothing = CarryScores([dict(type='FilterAnnotations', min_gt_bbox_wh=(99, 99))])
    assert nothing(load()) is None
