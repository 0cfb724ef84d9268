"""Annotation files as evaluators read them: completed, right under every name, or refused."""

from types import SimpleNamespace

import numpy as np
import pytest
from mmdet.datasets import CocoDataset
from mmdet.registry import METRICS
from pycocotools import mask as rle
from toy_data import CLASSES, coco_content, write_json

from mmssis.datasets.checks.evaluation_data import check_evaluator
from mmssis.datasets.checks.evaluator_input import coco_metrics, encode
from mmssis.datasets.checks.perfect_predictions import choose_images

KINDS = [kind for kind in ('CocoMetric', 'FasterCocoMetric', 'BoundaryCocoMetric')
         if METRICS.get(kind)]
RLE = rle.frPyObjects(dict(size=[24, 32], counts=[100, 50, 618]), 24, 32)
RLE['counts'] = RLE['counts'].decode()


def content_of(**changes):
    """A file of 3 images whose second annotation is changed; None takes a field out."""
    content = coco_content(['a.png', 'b.png', 'c.png'])
    for number, annotation in enumerate(content['annotations'], 1):
        annotation['id'] = number
    annotation = content['annotations'][1]
    annotation.update(changes)
    for key in [key for key, value in changes.items() if value is None]:
        del annotation[key]
    return content


def judge(path, content, kind='CocoMetric', classes=CLASSES, **settings):
    """Judge a file; returns what was found and the metric."""
    file = write_json(path / 'val.json', content)
    metric = METRICS.build(dict(dict(type=kind, ann_file=file, metric='segm'), **settings))
    metric.dataset_meta = dict(classes=classes)
    leaf = CocoDataset.__new__(CocoDataset)
    leaf.ann_file, leaf._metainfo = file, dict(classes=classes)
    found = check_evaluator(SimpleNamespace(metrics=[metric]), leaf,
                            [image['id'] for image in content['images']])
    return found, metric


def evaluate(metric, content):
    """AP of predictions that are the file's annotations, class by class."""
    names = {category['id']: category['name'] for category in content['categories']}
    results = []
    for image in content['images']:
        of_image = [a for a in content['annotations'] if a['image_id'] == image['id']]
        boxes = np.array([a['bbox'] for a in of_image], dtype=float).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        results.append(({}, dict(
            img_id=image['id'], bboxes=boxes, scores=np.ones(len(boxes)),
            labels=np.array([metric.dataset_meta['classes'].index(names[a['category_id']])
                             for a in of_image], dtype=int),
            masks=[encode(a['segmentation'], image) for a in of_image])))
    return metric.compute_metrics(results)


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('changes, told', [
    pytest.param(dict(), [], id='nothing to do'),
    pytest.param(dict(iscrowd=None), ['1 annotations have no "iscrowd": taken as 0'], id='iscrowd'),
    pytest.param(dict(area=None), ['1 annotations have no "area": computed'], id='area'),
    pytest.param(dict(id=0), ['numbered from 1'], id='id 0'),
    pytest.param(dict(id='u-1'), ['numbered from 1'], id='text as id'),
    pytest.param(dict(id=3), ['numbered from 1'], id='an id twice'),
    pytest.param(dict(segmentation=[[1, 1, 5, 5], [4, 4, 16, 4, 16, 12, 4, 12]]),
                 ['polygons of fewer than 3 points'], id='a line beside the outline'),
    pytest.param(dict(segmentation=dict(size=[24, 32], counts=[100, 50, 618])), [], id='RLE'),
    pytest.param(dict(segmentation=RLE), [], id='compressed RLE'),
])
def test_what_is_left_out_is_completed_and_the_evaluator_gives_ap_1(tmp_path, kind, changes, told):
    content = content_of(**changes)
    found, metric = judge(tmp_path, content, kind)
    assert found.problems == [] and len(found.told) == len(told)
    assert all(text in line for text, line in zip(told, found.told))
    if not isinstance(content['annotations'][1]['segmentation'], dict):
        content['annotations'][1]['segmentation'] = content['annotations'][0]['segmentation']
    assert evaluate(metric, content)['segm_mAP'] == 1
    assert metric._coco_api.dataset['annotations'][1]['area'] == 96


@pytest.mark.parametrize('mask', [
    pytest.param([], id='empty'),
    pytest.param([[5, 5, 20, 20]], id='4 numbers'),
    pytest.param([[]], id='an empty polygon'),
    pytest.param(None, id='absent'),
])
def test_an_instance_without_a_mask_is_refused_unless_boxes_are_evaluated(tmp_path, mask):
    found, _ = judge(tmp_path, content_of(segmentation=mask))
    problem, = found.problems
    assert all(text in problem for text in (
        'val.json', '1 of 3 annotations', r'$.annotations[1] (id 2)', 'metric to "bbox"'))
    for boxes_alone in (content_of(segmentation=mask), content_of(segmentation='x', area=None)):
        found, _ = judge(tmp_path, boxes_alone, metric='bbox')
        assert found.problems == [] and all('computed from the box' in line for line in found.told)


@pytest.mark.parametrize('changes, settings, message', [
    pytest.param(dict(image_id='1'), {}, "image_id '1', which is not the", id='image id as text'),
    pytest.param(dict(segmentation=dict(size=[9, 9], counts=[0, 81])), {},
                 'cannot read 1 masks', id='RLE of another size'),
    pytest.param(dict(), dict(proposal_nums=(1, 10, 300)), 'segm_mAP -1', id='no 100 of COCO'),
    pytest.param(dict(), dict(classes=CLASSES[::-1]), 'cat 0, dog 0', id='names swapped'),
    pytest.param(dict(), dict(iou_thrs=[0.5, 0.75]), 'stops at perfect', id='stops'),
])
def test_what_cannot_be_completed_is_refused(tmp_path, changes, settings, message):
    found, _ = judge(tmp_path, content_of(**changes), **settings)
    assert len(found.problems) == 1 and message in found.problems[0]


@pytest.mark.parametrize('changes, message', [
    pytest.param(dict(segmentation=[[1, 1, 1, 1, 1, 1]]), '1 instances have an empty', id='empty'),
    pytest.param(dict(iscrowd=1), None, id='a crowd region'),
    pytest.param(dict(area=0), None, id='area 0 is evaluated'),
])
def test_what_no_prediction_can_match_is_told(tmp_path, changes, message):
    found, _ = judge(tmp_path, content_of(**changes))
    assert found.problems == [] and len(found.told) == (message is not None)
    assert message is None or message in found.told[0]


@pytest.mark.parametrize('kind', KINDS)
def test_ap_stands_under_its_own_name_whatever_the_order_of_ids(tmp_path, kind):
    content = content_of()
    for entry, key in ((content['categories'], 'id'), (content['annotations'], 'category_id')):
        for item in entry:
            item[key] = {1: 7, 2: 3}[item[key]]
    found, metric = judge(tmp_path, content, kind, classwise=True)
    assert found.problems == [] and 'do not rise ([7, 3])' in found.told[0]
    del content['annotations'][1]  # the only dog is not found
    metrics = evaluate(metric, content)
    assert (metrics['cat_precision'], metrics['dog_precision']) == (1, 0)
    refused, _ = judge(tmp_path, content, kind, classwise=True, outfile_prefix=str(tmp_path / 'x'))
    assert 'leave out outfile_prefix' in refused.problems[0]


def test_images_of_another_file_are_refused_and_missing_ones_told(tmp_path):
    found, metric = judge(tmp_path, content_of())
    leaf = SimpleNamespace(metainfo=dict(classes=CLASSES))
    evaluator = SimpleNamespace(metrics=[metric])
    assert '1 of its images are not in' in check_evaluator(evaluator, leaf, [0, 9]).problems[0]
    assert '2 of the 3 images' in check_evaluator(evaluator, leaf, [0]).told[0]
    assert found.names >= {'coco/segm_mAP', 'coco/segm_mAP_50'}


def test_the_metric_stays_as_it_was(tmp_path):
    _, metric = judge(tmp_path, content_of(), metric=['bbox', 'segm'])
    assert (metric.classwise, metric.metrics, metric.results) == (False, ['bbox', 'segm'], [])
    assert (metric.img_ids, metric.cat_ids) == (None, None)
    assert all(type(a['segmentation']) is list for a in metric._coco_api.dataset['annotations'])


@pytest.mark.parametrize('settings', [
    pytest.param(dict(format_only=True, outfile_prefix='x'), id='only writes'),
    pytest.param(dict(ann_file=None), id='reads no file'),
])
def test_metrics_without_annotations_are_not_looked_at(tmp_path, settings):
    path = write_json(tmp_path / 'val.json', content_of())
    metric = METRICS.build(dict(dict(type='CocoMetric', ann_file=path), **settings))
    assert coco_metrics(SimpleNamespace(metrics=[metric, object()])) == []


def test_every_class_is_among_the_images_that_are_tried():
    annotations = [dict(image_id=i, category_id=1, iscrowd=0) for i in range(200)]
    annotations += [dict(image_id=i, category_id=c, iscrowd=0) for i, c in ((150, 2), (160, 3))]
    annotations += [dict(image_id=170, category_id=4, iscrowd=1)]
    chosen = choose_images(annotations)
    assert {150, 160} <= chosen and 170 not in chosen and len(chosen) == 50
