"""Boundary AP beside mask AP."""

import json

import cv2
import numpy as np
import pytest
import torch
from faster_coco_eval import COCO, COCOeval_faster
from mmdet.registry import METRICS
from pycocotools import mask as coco_mask

from mmssis.evaluation import BoundaryCocoMetric
from mmssis.evaluation.boundary_coco_metric import FasterCocoMetric

SIZE, CLASSES = 160, ('disc', 'ring')


def disc(x, y, radius, hole=0):
    """A disc (SIZE, SIZE) of uint8, with a hole or without."""
    mask = cv2.circle(np.zeros((SIZE, SIZE), np.uint8), (x, y), radius, 1, -1)
    return cv2.circle(mask, (x, y), hole, 0, -1) if hole else mask


TRUE = [[(0, disc(50, 50, 30)), (1, disc(110, 100, 35, 15))], [(0, disc(80, 80, 50))], []]


def encode(mask):
    rle = coco_mask.encode(np.asfortranarray(mask))
    return dict(rle, counts=rle['counts'].decode())


@pytest.fixture
def ann_file(tmp_path):
    """Three images: two objects, one, none."""
    annotations = [
        dict(image_id=i, category_id=label + 1, segmentation=encode(mask), iscrowd=0,
             area=int(mask.sum()), bbox=coco_mask.toBbox(encode(mask)).tolist())
        for i, image in enumerate(TRUE) for label, mask in image]
    path = tmp_path / 'true.json'
    path.write_text(json.dumps(dict(
        images=[dict(id=i, width=SIZE, height=SIZE, file_name=f'{i}.png') for i in range(3)],
        annotations=[dict(annotation, id=i) for i, annotation in enumerate(annotations, 1)],
        categories=[dict(id=i, name=name) for i, name in enumerate(CLASSES, 1)])))
    return str(path)


def predictions(change=lambda mask: mask, keep=slice(None)):
    """Samples of the true objects with changed masks, as a detector gives them."""
    samples = []
    for i, image in enumerate(TRUE):
        objects = image[keep]
        masks = np.array([change(mask) for _, mask in objects]).reshape(-1, SIZE, SIZE)
        boxes = coco_mask.toBbox([encode(mask) for mask in masks]).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        samples.append(dict(
            img_id=i, ori_shape=(SIZE, SIZE), pred_instances=dict(
                labels=torch.tensor([label for label, _ in objects], dtype=torch.long),
                scores=torch.linspace(0.9, 0.5, 5)[:len(objects)], bboxes=torch.tensor(boxes),
                masks=torch.tensor(masks).bool())))
    return samples


def evaluate(kind, samples, **settings):
    metric = kind(metric=['bbox', 'segm'], **settings)
    metric.dataset_meta = dict(classes=CLASSES)
    metric.process({}, samples)
    return metric.evaluate(len(samples))


def grow(pixels):
    kernel = np.ones((2 * pixels + 1, ) * 2, np.uint8)
    return lambda mask: cv2.dilate(mask, kernel)


def wobble(mask):
    """A contour that is off by up to 2 pixels."""
    coarse = cv2.resize(mask, (SIZE // 8, SIZE // 8), interpolation=cv2.INTER_AREA)
    return cv2.resize(coarse, (SIZE, SIZE), interpolation=cv2.INTER_NEAREST)


def test_equals_faster_coco_eval_by_hand(ann_file, ratio=0.005):
    samples = predictions(wobble)
    found = evaluate(BoundaryCocoMetric, samples, ann_file=ann_file, dilation_ratio=ratio)
    truth = COCO(ann_file)
    results = [
        dict(image_id=sample['img_id'], category_id=int(label) + 1, score=float(score),
             segmentation=encode(mask.numpy().astype(np.uint8)))
        for sample in samples for label, score, mask in zip(
            *(sample['pred_instances'][key] for key in ('labels', 'scores', 'masks')))]
    by_hand = COCOeval_faster(truth, truth.loadRes(results), 'boundary',
                              boundary_dilation_ratio=ratio)
    by_hand.evaluate()
    by_hand.accumulate()
    by_hand.summarize()
    for name, value in zip(('mAP', 'mAP_50', 'mAP_75'), by_hand.stats):
        assert found[f'coco/boundary_{name}'] == pytest.approx(value, abs=5.1e-4)


def test_the_other_numbers_are_mmdets(ann_file):
    ours = evaluate(BoundaryCocoMetric, predictions(wobble), ann_file=ann_file)
    theirs = evaluate(FasterCocoMetric, predictions(wobble), ann_file=ann_file)
    assert {name: ours[name] for name in theirs} == theirs
    assert set(ours) - set(theirs) == {
        f'coco/boundary_{name}' for name in ('mAP', 'mAP_50', 'mAP_75')}
    # Without any prediction there is no AP.
    nothing = predictions(keep=slice(0))
    assert evaluate(BoundaryCocoMetric, nothing, ann_file=ann_file) == evaluate(
        FasterCocoMetric, nothing, ann_file=ann_file)


def test_a_grown_mask_loses_more_boundary_ap_than_mask_ap_most_where_boundaries_are_narrow(
        ann_file):
    narrow, wide = (evaluate(BoundaryCocoMetric, predictions(grow(2)), ann_file=ann_file,
                             dilation_ratio=ratio) for ratio in (0.01, 0.05))
    assert narrow['coco/boundary_mAP'] < wide['coco/boundary_mAP'] < wide['coco/segm_mAP']
    assert narrow['coco/boundary_mAP'] < narrow['coco/segm_mAP'] - 0.05
    exact = evaluate(BoundaryCocoMetric, predictions(), ann_file=ann_file)
    assert exact['coco/boundary_mAP'] == exact['coco/segm_mAP'] == 1


def test_mask_scores_order_the_masks_where_there_are_some(ann_file):
    samples = predictions()
    for sample in samples:
        instances = sample['pred_instances']
        for name in ('labels', 'bboxes'):
            instances[name] = instances[name].repeat(2, *[1] * (instances[name].ndim - 1))
        instances['masks'] = torch.cat([instances['masks'], ~instances['masks']])
        rank = torch.arange(2 * len(instances['scores']), dtype=torch.float32)
        instances.update(scores=0.1 + 0.1 * rank, mask_scores=0.9 - 0.1 * rank)
    assert evaluate(BoundaryCocoMetric, samples, ann_file=ann_file)['coco/boundary_mAP'] == 1


def test_evaluating_again_changes_nothing(ann_file):
    metric = BoundaryCocoMetric(ann_file=ann_file, metric='segm')
    metric.dataset_meta = dict(classes=CLASSES)
    results = []
    for change in (grow(2), wobble, grow(2)):
        metric.process({}, predictions(change))
        results.append(metric.evaluate(3))
    assert results[0] == results[2] != results[1]


def test_formatting_only_evaluates_nothing(ann_file, tmp_path):
    found = evaluate(BoundaryCocoMetric, predictions(), ann_file=ann_file, format_only=True,
                     outfile_prefix=str(tmp_path / 'out'))
    assert not found and (tmp_path / 'out.segm.json').exists()


def test_predictions_without_masks_and_wrong_ratios_are_refused(ann_file):
    samples = predictions()
    for sample in samples:
        del sample['pred_instances']['masks']
    metric = BoundaryCocoMetric(ann_file=ann_file, metric='bbox')
    metric.dataset_meta = dict(classes=CLASSES)
    metric.process({}, samples)
    with pytest.raises(ValueError, match='without masks'):
        metric.evaluate(3)
    for ratio in (0, 1):
        with pytest.raises(ValueError, match=f'dilation_ratio = {ratio}'):
            METRICS.build(dict(type='BoundaryCocoMetric', ann_file=ann_file, dilation_ratio=ratio))


def test_the_missing_package_is_named(ann_file, monkeypatch):
    monkeypatch.setattr('mmssis.evaluation.boundary_coco_metric.COCOeval_faster', None)
    with pytest.raises(ImportError, match='pip install faster-coco-eval'):
        BoundaryCocoMetric(ann_file=ann_file)
