"""The weighted RoI head: mmdet's losses at weight 1, and what each weight does."""

from math import log

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from reference import roi_equations
from toy_mask_rcnn import BOXES, build, discs, flat, sample_of, toy_mask_rcnn

from mmssis.structures import BoxMaps

PLAIN = dict(mask_head='FCNMaskHead')


def features(images=2, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(images, 16, side, side, generator=generator).requires_grad_()
            for side in (16, 8, 4)]


def proposals(images=2, num=30, seed=2):
    """Boxes around the true ones, and others."""
    generator = torch.Generator().manual_seed(seed)
    near = torch.tensor(BOXES).float().repeat(num, 1)[:num]
    corners = (near + 8 * torch.randn(num, 4, generator=generator)).clamp(0, 64).view(num, 2, 2)
    boxes = torch.cat([corners.amin(1), corners.amax(1)], 1)
    return [InstanceData(bboxes=boxes.clone()) for _ in range(images)]


def head_of(**settings):
    return build(type='MaskRCNN', **settings).roi_head.train()


def losses_of(head, samples, x=None, boxes=None, seed=0, **kwargs):
    torch.manual_seed(seed)
    images = len(samples)
    x, boxes = x or features(images), boxes or proposals(images)
    return head.loss(x, boxes, samples, **kwargs)


def ones(num):
    return dict(cls_weights=torch.ones(num), box_weights=torch.ones(num),
                mask_weights=torch.ones(num), pixel_weights=torch.ones(num, 16, 16))


@pytest.mark.parametrize('labels, settings', [
    pytest.param([(0, 1), ()], {}, id='one image empty'),
    pytest.param([(), ()], {}, id='no instance at all'),
    pytest.param([(0, 0), (0, )], dict(num_classes=1), id='one class'),
    pytest.param([(0, 1, 2)], dict(class_agnostic=True), id='class-agnostic masks'),
    pytest.param([(0, 1), (2, )], dict(shared_extractor=True), id='shared RoI features',
                 marks=pytest.mark.filterwarnings('ignore:indexing with dtype torch.uint8')),
])
def test_weights_of_one_give_mmdets_losses_and_gradients(labels, settings):
    results = []
    for roi_head, fields in (('StandardRoIHead', False), ('WeightedRoIHead', False),
                             ('WeightedRoIHead', True)):
        head, x = head_of(roi_head=roi_head, **PLAIN, **settings), features(len(labels))
        losses = losses_of(head, [sample_of(names, **(ones(len(names)) if fields else {}))
                                  for names in labels], x)
        sum(flat(losses).values()).backward()
        grads = [level.grad for level in x[:2]] + [p.grad for p in head.parameters()]
        results.append((losses, grads))
    reference, reference_grads = results[0]
    for losses, grads in results[1:]:
        assert losses.keys() == reference.keys()
        for name, value in reference.items():
            assert losses[name].item() == pytest.approx(value.item(), rel=1e-5, abs=1e-7), name
        assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(grads, reference_grads))


def test_the_branch_leaves_the_other_losses():
    samples = [sample_of((0, 1)), sample_of((2, ))]
    plain, head = head_of(**PLAIN), head_of()
    plain.load_state_dict({name: value for name, value in head.state_dict().items()
                           if 'iou_branch' not in name})
    without, with_branch = losses_of(plain, samples), losses_of(head, samples)
    assert set(with_branch) - set(without) == {'loss_mask_iou'}
    assert all(torch.equal(with_branch[name], value) for name, value in without.items())


WEIGHTS = dict(cls_weights=torch.tensor([0.2, 0.9]), box_weights=torch.tensor([0.5, 2.0]),
               mask_weights=torch.tensor([0.1, 0.7]), pixel_weights=torch.rand(2, 16, 16))


def sampled_by(head, samples):
    torch.manual_seed(0)
    return [head.sample(boxes, sample.gt_instances, None, features())
            for boxes, sample in zip(proposals(len(samples)), samples)]


@pytest.mark.parametrize('source', ['none', 'metainfo', 'teacher'])
def test_class_and_box_loss_against_loops(source):
    """PAIS Eq. 5 for the class, and what the released code divides by."""
    samples = [sample_of((0, 1), **WEIGHTS), sample_of((2, ))]
    negatives = dict(none=[1.0, 1.0], metainfo=[0.1225, 1.0], teacher=[0.3, 0.6])[source]
    if source != 'none':  # which the teacher's word replaces
        samples[0].gt_instances.set_metainfo(dict(background_weight=0.1225))

    def teacher(boxes):
        assert [part.tolist() for part in boxes] == [r.neg_priors.tolist() for r in sampled]
        return [torch.full((len(part), ), value) for part, value in zip(boxes, negatives)]

    head, background = head_of(), teacher if source == 'teacher' else None
    sampled = sampled_by(head, samples)
    results = head.bbox_loss(features(), sampled, [s.gt_instances for s in samples], background)
    labels, weights, deltas, targets, by_box, row = [], [], [], [], [], 0
    for result, sample, negative in zip(sampled, samples, negatives):
        for prior, index in zip(result.pos_priors, result.pos_assigned_gt_inds.tolist()):
            instance = sample.gt_instances[index]
            label = instance.labels.item()
            labels.append(label)
            weights.append(instance.cls_weights.item() if 'cls_weights' in instance else 1.0)
            by_box.append(instance.box_weights.item() if 'box_weights' in instance else 1.0)
            deltas.append(results['bbox_pred'][row, 4 * label:4 * label + 4].tolist())
            targets.append(head.bbox_head.bbox_coder.encode(
                prior[None], instance.bboxes)[0].tolist())
            row += 1
        labels += [3] * len(result.neg_priors)
        weights += [negative] * len(result.neg_priors)
        row += len(result.neg_priors)
    assert 2 < len(deltas) < row and row == len(results['cls_score'])
    losses = results['loss_bbox']
    expected = roi_equations.class_loss(results['cls_score'].tolist(), labels, weights)
    assert losses['loss_cls'].item() == pytest.approx(expected, rel=1e-5)
    expected = roi_equations.box_loss(deltas, targets, by_box, row)
    assert losses['loss_bbox'].item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize('labels, separate, expected', [
    pytest.param((0, ), False, (2 * 0.0625 * log(6) + 6 * log(2)) / (2 * 0.0625 + 6),
                 id='released, or on labels'),
    pytest.param((0, ), True, 0.0625 * log(6) + log(2), id='Eq. 5'),
    pytest.param((), True, log(2), id='Eq. 5 without a positive'),
])
def test_the_class_loss_is_divided_as_pais_eq_5_says(labels, separate, expected):
    """2 positives of class score 0.5, each weighs 0.5 ** 4 and costs ln 6; 6 negatives, ln 2."""
    head = head_of()
    head.bbox_head.fc_cls.weight.data.zero_()
    head.bbox_head.fc_cls.bias.data = torch.tensor([1.0, 1, 1, 3]).log()
    boxes = torch.tensor([BOXES[0]] + [(50 + i, 50, 60, 60) for i in range(6)]).float()
    sample = sample_of(labels, cls_weights=torch.full((len(labels), ), 0.0625))
    losses = losses_of(head, [sample], boxes=[InstanceData(bboxes=boxes)],
                       separate_negatives=separate)
    assert losses['loss_cls'].item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize('boxes, settings', [
    pytest.param(False, dict(class_agnostic=True), id='weights at stride 4, class-agnostic'),
    pytest.param(True, {}, id='weights on box grids'),
])
def test_mask_and_iou_loss_against_loops(boxes, settings):
    """Mask term of PAIS Eq. 5 with PL-DC's pixel weights (Eq. 11) inside the RoI."""
    pixels = WEIGHTS['pixel_weights']
    if boxes:
        pixels = BoxMaps(torch.rand(2, 28, 28), torch.tensor(BOXES[:2]).float(), np.eye(3))
    samples = [sample_of((0, 1), **{**WEIGHTS, 'pixel_weights': pixels}), sample_of((2, ))]
    head = head_of(**settings)
    sampled = sampled_by(head, samples)
    results = head.mask_loss(features(), sampled, None, samples)
    logits, by_mask, by_pixel, row = [], [], [], 0
    for result, sample in zip(sampled, samples):
        instances = sample.gt_instances
        for prior, index in zip(result.pos_priors, result.pos_assigned_gt_inds):
            channel = 0 if settings else instances.labels[index]
            logits.append(results['mask_preds'][row, channel].tolist())
            weighted = 'mask_weights' in instances
            by_mask.append(instances.mask_weights[index].item() if weighted else 1.0)
            crop = torch.ones(28, 28)
            if weighted and boxes:
                crop = pixels.crop(prior[None], index[None], 28, border=True)[0]
            elif weighted:
                crop = stride_4_crop(pixels[index], prior)
            by_pixel.append(crop.tolist())
            row += 1
    targets = results['mask_targets'].tolist()
    assert row > 2 and 'loss_mask_iou' in results['loss_mask']
    expected = roi_equations.mask_loss(logits, targets, by_mask, by_pixel)
    assert results['loss_mask']['loss_mask'].item() == pytest.approx(expected, rel=1e-4)
    ious = roi_equations.mask_iou(logits, targets)
    predicted = head.mask_head.iou_branch(results['iou_feats']).tolist()
    assert results['loss_mask']['loss_mask_iou'].item() == pytest.approx(
        roi_equations.iou_loss(predicted, ious, 0.25), rel=1e-5)


def stride_4_crop(weights, roi):
    """Mean of bilinear samples in each cell of the RoI, for cells below one pixel of the grid."""
    x1, y1, x2, y2 = (roi / 4).tolist()
    return torch.tensor([[roi_equations.bilinear(
        weights.tolist(), x1 + (j + 0.5) * (x2 - x1) / 28, y1 + (i + 0.5) * (y2 - y1) / 28, True)
        for j in range(28)] for i in range(28)])


@pytest.mark.parametrize('field, scaled', [
    ('cls_weights', None), ('box_weights', 'loss_bbox'), ('mask_weights', 'loss_mask'),
    ('pixel_weights', 'loss_mask')])
def test_a_weight_reaches_its_loss_alone(field, scaled):
    half = torch.full((2, 16, 16) if field == 'pixel_weights' else (2, ), 0.5)
    before = losses_of(head_of(), [sample_of((0, 1))])
    after = losses_of(head_of(), [sample_of((0, 1), **{field: half})])
    for name, value in before.items():
        if name == 'loss_cls' and scaled is None:
            assert 0.5 * value < after[name] < value, 'the background keeps its weight'
        else:
            factor = 0.5 if name == scaled else 1
            assert after[name].item() == pytest.approx(factor * value.item(), rel=1e-5), name


@pytest.mark.parametrize('samples, num_proposals, num_classes, pseudo', [
    pytest.param([(), ()], 30, 2, True, id='no pseudo label in the batch'),
    pytest.param([(), (1, )], 30, 2, True, id='none in one image'),
    pytest.param([()], 1, 1, False, id='one proposal, no label'),
    pytest.param([(0, )], 1, 2, False, id='one proposal'),
    pytest.param([(0, )], 0, 1, True, id='no proposal, one label'),
    pytest.param([(), ()], 0, 2, False, id='neither'),
])
def test_empty_sets_keep_the_graph_of_every_parameter(samples, num_proposals, num_classes, pseudo):
    head, batch = head_of(num_classes=num_classes), []
    for labels in samples:
        sample = sample_of(labels, bitmap=not pseudo)
        if pseudo:
            sample.set_metainfo(dict(pseudo_labeled=True))
            sample.gt_instances.set_metainfo(dict(background_weight=0.5))
        batch.append(sample)
    losses = losses_of(head, batch, boxes=proposals(len(samples), num_proposals),
                       separate_negatives=pseudo)
    assert {'loss_cls', 'loss_bbox', 'loss_mask'} <= set(losses)
    sum(flat(losses).values()).backward()
    for name, parameter in head.named_parameters():
        if not (pseudo and 'iou_branch' in name):
            assert parameter.grad is not None and parameter.grad.isfinite().all(), name
    if not any(samples):
        assert losses['loss_bbox'] == losses['loss_mask'] == 0


def test_pseudo_labels_do_not_run_the_iou_branch(monkeypatch):
    head, sample = head_of(), sample_of((0, 1), bitmap=False)
    sample.set_metainfo(dict(pseudo_labeled=True))
    monkeypatch.setattr(head.mask_head.iou_branch, 'forward', None)
    assert 'loss_mask_iou' not in losses_of(head, [sample])
    sample.set_metainfo(dict(pseudo_labeled=False))
    with pytest.raises(TypeError):
        losses_of(head, [sample])


def test_proposals_stay_as_they_are():
    """mmdet's head takes their boxes away."""
    boxes = proposals(1)
    first = losses_of(head_of(), [sample_of((0, 1))], boxes=boxes)
    again = losses_of(head_of(), [sample_of((0, 1))], boxes=boxes)
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_pseudo_boxes_without_area_are_passed_over():
    """As proposals, which the sampler makes of them, they would have NaN deltas."""
    fields = dict(mask_weights=torch.tensor([0.5, 0.9]), bitmap=False)
    clean = losses_of(head_of(), [sample_of((0, 1), **fields)])
    sample = sample_of((2, 0, 1), mask_weights=torch.tensor([0.0, 0.5, 0.9]), bitmap=False)
    instances = sample.gt_instances
    instances.bboxes = torch.tensor([(10, 10, 10, 30), *BOXES[:2]]).float()
    instances.masks = torch.cat([discs(2)[:1] & False, discs(2)])
    losses = losses_of(head_of(), [sample])
    for name, value in clean.items():
        assert torch.allclose(losses[name], value, atol=1e-6), name


def test_mask_losses_that_have_no_weighted_form():
    for loss, error, match in [
            (dict(type='DiceLoss'), TypeError, 'is a DiceLoss'),  # another loss
            # sigmoid in place of mask
            (dict(type='CrossEntropyLoss', use_sigmoid=True), ValueError, 'use_mask=True'),
            # class weights
            (dict(type='CrossEntropyLoss', use_mask=True, class_weight=[1.0]), ValueError,
             'leave out class_weight'),
    ]:
        cfg = toy_mask_rcnn()
        cfg.roi_head.mask_head.loss_mask = loss
        with pytest.raises(error, match=match):
            MODELS.build(cfg)
