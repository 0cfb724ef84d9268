"""Results files beside annotations: overlaps, crowds, thresholds, and files that are none."""

import json

import numpy as np
import pytest
import torch
from pycocotools import mask as coco_mask
from reference.instance_analysis import mask_iou

from mmssis.evaluation.coco_results import CocoTruth, rle_iou


def square(x, width=4):
    return [[x, 0, x + width, 0, x + width, 4, x, 4]]


def encoded(x, width=4):
    mask = np.zeros((8, 16), np.uint8, order='F')
    mask[:4, x:x + width] = 1
    rle = coco_mask.encode(mask)
    return dict(rle, counts=rle['counts'].decode())


@pytest.fixture
def truth(tmp_path):
    """A cat at x = 0 and a crowd of dogs at x = 8 in one image; another image without any."""
    annotations = [
        dict(id=1, image_id=1, category_id=7, bbox=[0, 0, 4, 4], area=16, iscrowd=0,
             segmentation=square(0)),
        dict(id=2, image_id=1, category_id=3, bbox=[8, 0, 8, 4], area=32, iscrowd=1,
             segmentation=encoded(8, 8))]
    path = tmp_path / 'val.json'
    path.write_text(json.dumps(dict(
        images=[dict(id=i, file_name=f'{i}.png', width=16, height=8) for i in (1, 2)],
        annotations=annotations, categories=[dict(id=7, name='cat'), dict(id=3, name='dog')])))
    return CocoTruth(str(path))


@pytest.fixture
def write(tmp_path):
    def write(*results):
        path = tmp_path / 'results.segm.json'
        path.write_text(json.dumps(results))
        return str(path)
    return write


def result(x, image_id=1, category_id=7, score=0.9):
    return dict(image_id=image_id, category_id=category_id, score=score, segmentation=encoded(x))


def test_results_beside_their_annotations(truth, write):
    assert truth.classes == ('dog', 'cat') and truth.superclasses is None
    first, second = truth.judge(write(
        result(2), result(0, category_id=3), result(8), result(0, score=0.29),
        result(0, image_id=2)))
    # x = 2 shares 2 of 6 columns with the cat; x = 8 lies in the crowd and does not count.
    assert first.iou.tolist() == [[pytest.approx(1 / 3)], [1.0]]
    assert first.labels.tolist() == [1, 0] and first.gt_labels.tolist() == [1]
    assert first.scores['score'].tolist() == pytest.approx([0.9, 0.9])
    assert second.iou.shape == (1, 0)


def test_images_without_results_are_missed_objects(truth, write):
    first, second = truth.judge(write())
    assert first.iou.shape == (0, 1) and second.iou.shape == (0, 0)


def test_iou_equals_a_naive_form():
    masks = torch.rand(5, 6, 7, generator=torch.Generator().manual_seed(0)) > 0.5
    masks[0] = False
    rles = [coco_mask.encode(np.asfortranarray(mask.numpy().astype(np.uint8))) for mask in masks]
    expected = [[mask_iou(mask.tolist(), other.tolist()) for other in masks] for mask in masks]
    torch.testing.assert_close(rle_iou(rles, rles), torch.tensor(expected))


@pytest.mark.parametrize('content, message', [
    pytest.param([result(0, image_id=5)], 'image_id 5 is not in .*val.json', id='other images'),
    pytest.param([result(0, category_id=1)], 'category_id 1 is not in', id='other categories'),
    pytest.param([dict(image_id=1, category_id=7, score=1.0, bbox=[0, 0, 1, 1])],
                 "found .*'bbox'.*test_evaluator.outfile_prefix", id='boxes alone'),
    pytest.param(dict(images=[]), 'holds a dict, not a list', id='an annotation file'),
])
def test_other_files_are_refused(truth, tmp_path, content, message):
    path = tmp_path / 'results.json'
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message):
        list(truth.judge(str(path)))
    with pytest.raises(ValueError, match='cannot be read as a results file'):
        list(truth.judge(str(tmp_path / 'nothing.json')))
