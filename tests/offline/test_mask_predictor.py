"""Segmentors without RoIs over views: soft masks of queries, results of predict, clusters."""

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from toy import toy_detector
from toy_knet import build_knet
from toy_offline import FOUR, paste, picture

from mmssis.offline.detections import SoftDetections
from mmssis.offline.mask_predictor import (GRID, MaskPredictor, on_box_grids, query_detections,
                                           result_detections)
from mmssis.offline.tta_views import View, group_views, make_views, view_batches
from mmssis.offline.view_clusters import clusters_of, mask_ious, merge_views


def mask2former(head='WeightedMask2FormerHead', seed=0):
    torch.manual_seed(seed)
    cfg = toy_detector()
    cfg.panoptic_head.type = head
    if head == 'Mask2FormerHead':
        cfg.panoptic_head.num_stuff_classes = 0
    detector = MODELS.build(cfg).eval()
    torch.nn.init.normal_(detector.panoptic_head.cls_embed.weight, std=1.0)
    return detector


MODELS_OF = dict(
    mask2former=mask2former, knet=build_knet,
    mask_iou=lambda: mask2former('MaskIoUMask2FormerHead'),
    plain_mask2former=lambda: mask2former('Mask2FormerHead'))
EVERY = sorted(MODELS_OF)


def predict(detector, views, image=None, score_thr=0.01, max_per_image=20):
    return MaskPredictor(detector, views, score_thr, max_per_image)(
        picture() if image is None else image)


def iou(a, b):
    return ((a & b).sum() / (a | b).sum()).item()


def of_masks(masks, scores, labels):
    """Detections with the given bool masks (N, H, W)."""
    return result_detections(InstanceData(
        masks=masks, scores=torch.tensor(scores), labels=torch.tensor(labels)), False)


def rectangles(*boxes, size=64):
    masks = torch.zeros(len(boxes), size, size, dtype=torch.bool)
    for mask, (x1, y1, x2, y2) in zip(masks, boxes):
        mask[y1:y2, x1:x2] = True
    return masks


@pytest.mark.parametrize('name', EVERY)
@pytest.mark.parametrize('score_thr, some', [
    pytest.param(0.0001, True, id='some detections'),
    pytest.param(1.0, False, id='no detection in any view'),
])
def test_every_kind_of_model(name, score_thr, some):
    detector = MODELS_OF[name]().train()
    ours = predict(detector, FOUR, score_thr=score_thr)
    assert (len(ours) > 0) == some and not detector.training
    assert ours.boxes.shape == (len(ours), 4) and ours.labels.dtype == torch.long
    assert ours.mask_probs.shape == (len(ours), GRID, GRID)
    assert ((ours.mask_probs >= 0) & (ours.mask_probs <= 1)).all()
    assert (ours.scores > score_thr).all() and (ours.scores[1:] <= ours.scores[:-1]).all()
    assert (ours.boxes >= 0).all() and (ours.boxes <= torch.tensor([60.0, 44, 60, 44])).all()
    assert not ours.scores.requires_grad and not ours.mask_probs.requires_grad


def test_one_view_gives_the_results_of_predict():
    detector, views = MODELS_OF['plain_mask2former'](), [View((96, 64))]
    ours = predict(detector, views)
    batch, = view_batches(picture(), group_views(views), detector.data_preprocessor)
    with torch.no_grad():
        theirs = detector.predict(*batch)[0].pred_instances
    theirs = theirs[(theirs.scores > 0.01) & theirs.masks.flatten(1).any(1)]
    theirs = theirs[theirs.scores.argsort(descending=True, stable=True)]
    assert len(ours) == len(theirs) > 0
    assert torch.equal(ours.labels, theirs.labels)
    assert torch.allclose(ours.scores, theirs.scores)
    agree = (paste(ours, (44, 60)) == theirs.masks).float().mean((1, 2))
    assert agree.min() > 0.97


def test_queries_of_mask2former_have_the_scores_and_masks_of_its_own_results():
    """A query stands once, under its best class; mmdet lists it under every class."""
    detector, views = mask2former(), [View((96, 64))]
    ours = predict(detector, views, score_thr=0.0)
    detector.panoptic_fusion_head.test_cfg.max_per_image = 18
    batch, = view_batches(picture(), group_views(views), detector.data_preprocessor)
    with torch.no_grad():
        theirs = detector.predict(*batch)[0].pred_instances
    masks = paste(ours, (44, 60))
    large = masks.flatten(1).sum(1) > 200
    assert large.sum() > 1
    for score, label, mask in zip(ours.scores[large], ours.labels[large], masks[large]):
        # Masks are judged at the size of the input, mmdet's at that of the image.
        twins = (theirs.labels == label) & ((theirs.scores - score).abs() < 0.01)
        assert max(iou(mask, other) for other in theirs.masks[twins]) > 0.9


def test_knets_scores_are_class_scores():
    detector = build_knet()
    ours = predict(detector, [View((96, 64))], score_thr=0.0)
    batch, = view_batches(picture(), [[View((96, 64))]], detector.data_preprocessor)
    with torch.no_grad():
        probs = detector._forward(*batch)[0][0].sigmoid().max(1).values
    assert len(ours) > 0 and np.isin(ours.scores, probs).all()


@pytest.mark.parametrize('name', EVERY)
def test_a_symmetric_image_has_a_symmetric_result(name):
    half = picture(48, 32)
    image = np.concatenate([half, half[:, ::-1]], 1)
    detector = MODELS_OF[name]()
    found = [predict(detector, views, image) for views in (
        [View((64, 48))], [View((64, 48), True)])]
    assert len(found[0]) == len(found[1]) > 0
    x1, y1, x2, y2 = found[1].boxes.unbind(1)
    mirrored = torch.stack([64 - x2, y1, 64 - x1, y2], 1)
    assert torch.allclose(found[0].boxes, mirrored, atol=1e-3)
    assert torch.allclose(found[0].mask_probs, found[1].mask_probs.flip(-1), atol=1e-3)
    both = predict(detector, make_views('fast', (64, 48)), image, score_thr=0.0, max_per_image=99)
    total = sum(one.scores.sum() for one in found)
    assert both.scores.sum() == pytest.approx(total.item() / 2, rel=0.05)


@pytest.mark.parametrize('name', ['knet', 'plain_mask2former'])
def test_any_size(name):
    for size in [(1, 1), (9, 200)]:
        ours = predict(MODELS_OF[name](), FOUR[:3], picture(*size))
        assert ours.boxes.isfinite().all() and ours.mask_probs.isfinite().all()


@pytest.mark.parametrize('name', EVERY)
def test_autocast(name):
    with torch.autocast('cpu', dtype=torch.bfloat16):
        ours = predict(MODELS_OF[name](), FOUR, score_thr=0.0)
    assert len(ours) > 0
    for value in (ours.boxes, ours.scores, ours.mask_probs):
        assert value.dtype == torch.float32 and value.isfinite().all()


@pytest.mark.parametrize('flip', [False, True])
def test_queries_of_a_padded_view(flip):
    """A disc in a view of 60 x 44 inside an input of 64 x 64, from an image of twice the size."""
    y, x = torch.meshgrid(torch.arange(16) * 4 + 2.0, torch.arange(16) * 4 + 2.0, indexing='ij')
    distances = 12 - ((x - 20)**2 + (y - 24)**2).sqrt()
    queries = InstanceData(
        metainfo=dict(input_shape=(64, 64)), mask_logits=torch.stack([distances, distances - 99]),
        labels=torch.tensor([2, 1]), class_scores=torch.tensor([0.8, 0.9]))
    meta = dict(img_shape=(44, 60), scale_factor=(0.5, 0.5), flip=flip)
    found = query_detections(queries, meta, times_quality=True)
    assert len(found) == 1 and found.labels.tolist() == [2]
    centre = 120 - 40 if flip else 40
    expected = torch.tensor([[centre - 24.0, 24, centre + 24, 72]])
    assert torch.allclose(found.boxes, expected, atol=3.0)
    assert 0.5 * 0.8 < found.scores[0] < 0.8
    y, x = torch.meshgrid(torch.arange(88) + 0.5, torch.arange(120) + 0.5, indexing='ij')
    disc = (x - centre)**2 + (y - 48)**2 <= 24**2
    assert iou(paste(found, (88, 120))[0], disc) > 0.95
    plain = query_detections(queries, meta, times_quality=False)
    assert plain.scores.tolist() == pytest.approx([0.8])


@pytest.mark.parametrize('box', [
    pytest.param((0, 0, 64, 64), id='the whole image'),
    pytest.param((40, 3, 64, 9), id='at the edge'),
])
def test_binary_masks_survive_their_grid(box):
    masks = rectangles(box)
    found = of_masks(masks, [0.9], [0])
    assert found.boxes[0].tolist() == list(box)
    assert torch.equal(paste(found, (64, 64)), masks)
    flipped = result_detections(InstanceData(
        masks=masks.flip(-1), scores=torch.ones(1), labels=torch.zeros(1)), True)
    assert torch.equal(flipped.boxes, found.boxes)
    assert torch.equal(paste(flipped, (64, 64)), masks)


def test_empty_masks_are_no_detections():
    found = of_masks(rectangles((0, 0, 0, 0), (1, 2, 9, 9)), [0.9, 0.8], [0, 1])
    assert len(found) == 1 and found.scores.tolist() == pytest.approx([0.8])
    assert on_box_grids(torch.zeros(0, 5, 5), (5, 5), torch.zeros(0, 4)).shape == (0, GRID, GRID)


@pytest.mark.parametrize('other', [(14, 10, 34, 30), (30, 30, 40, 40), (10, 10, 60, 60)])
def test_overlap_is_that_of_full_size_masks(other):
    masks = rectangles((10, 10, 30, 30), other)
    ious = mask_ious(of_masks(masks, [0.9, 0.8], [0, 0]), 0, torch.tensor([1]))
    assert ious.item() == pytest.approx(iou(*masks), abs=0.03)


BOX, NEAR, FAR = (10, 10, 30, 30), (12, 10, 32, 30), (40, 40, 60, 60)


@pytest.mark.parametrize('first, second, labels, owners', [
    pytest.param([BOX], [NEAR], [0, 0], [0, 0], id='the same object'),
    pytest.param([BOX], [NEAR], [0, 1], [0, 1], id='another class'),
    pytest.param([BOX], [(20, 10, 40, 30)], [0, 0], [0, 1], id='IoU of a third'),
    pytest.param([BOX, NEAR], [FAR], [0, 0, 0], [0, 1, 2], id='not within one view'),
    pytest.param([BOX], [NEAR, BOX], [0, 0, 0], [0, 1, 0], id='the best of a view'),
])
def test_clusters(first, second, labels, owners):
    every = of_masks(rectangles(*first, *second),
                     [0.9 - 0.1 * i for i in range(len(labels))], labels)
    sources = torch.tensor([0] * len(first) + [1] * len(second))
    assert clusters_of(every, sources).tolist() == owners


def test_a_cluster_is_the_mean_of_its_members():
    views = [of_masks(rectangles(BOX, FAR), [0.9, 0.3], [0, 1]), of_masks(
        rectangles((14, 10, 34, 30)), [0.6], [0]), of_masks(rectangles(), [], [])]
    merged = merge_views(views, 0.0, 10)
    assert merged.labels.tolist() == [0, 1]
    assert merged.scores.tolist() == pytest.approx([0.5, 0.1])
    assert torch.allclose(merged.boxes, torch.tensor([[12.0, 10, 32, 30], [40, 40, 60, 60]]))
    # One half where only one of both is foreground.
    assert merged.mask_probs[0, 56, 2].item() == pytest.approx(0.5, abs=0.01)
    assert merged.mask_probs[0, 56, 56].item() == pytest.approx(1.0, abs=0.01)
    assert merged.mask_probs[0, 56, -3].item() == pytest.approx(0.5, abs=0.01)
    assert len(merge_views(views, 0.2, 10)) == 1 and len(merge_views(views, 0.0, 1)) == 1
    assert len(merge_views(views, 0.5001, 10)) == 0
    assert merge_views(views, 0.9, 10).mask_probs.shape == (0, GRID, GRID)


def test_one_view_is_left_as_it_is():
    view = of_masks(rectangles(FAR, BOX, NEAR), [0.5, 0.9, 0.8], [0, 1, 1])
    merged = merge_views([view], 0.0, 10)
    order = torch.tensor([1, 2, 0])
    assert torch.equal(merged.boxes, view.boxes[order])
    assert torch.equal(merged.scores, view.scores[order])
    assert torch.equal(merged.labels, view.labels[order])
    assert torch.allclose(merged.mask_probs, view.mask_probs[order], atol=1e-4)
    assert len(merge_views([SoftDetections.empty(GRID)] * 3, 0.0, 10)) == 0


def test_a_model_that_gives_no_masks_is_named():
    detector = mask2former('Mask2FormerHead')
    detector.panoptic_fusion_head.test_cfg.update(instance_on=False, panoptic_on=True,
                                                  object_mask_thr=0.8)
    with pytest.raises(TypeError, match='Mask2Former gives no instance masks.*instance_on=True'):
        predict(detector, FOUR[:1])
