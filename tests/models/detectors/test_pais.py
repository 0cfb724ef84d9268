"""PAIS on K-Net, Mask R-CNN and Mask2Former: views of different geometry, weights, edges."""

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.runner import Runner
from mmengine.structures import InstanceData
from toy_pais import KINDS, build_pais, pais_batch, pais_config, sample_with_boxes, toy_pais

from mmssis.structures import BoxMaps

every_kind = pytest.mark.parametrize('kind', KINDS)
NONE = [dict(type='DualThresholdFilter', class_thr=1.0, mask_thr=1.0, min_area=0),
        dict(type='AligningWeights', background_weight=0.1)]


def flat(losses):
    return {name: sum(value) if isinstance(value, list) else value.sum()
            for name, value in losses.items() if 'loss' in name}


def disc_on(box, size):
    """Logits of a disc that fills a box, at the centres of a grid of (size, size) over it."""
    x1, y1, x2, y2 = box
    rows, columns = np.mgrid[:size, :size] + 0.5
    x, y = x1 + columns * (x2 - x1) / size, y1 + rows * (y2 - y1) / size
    return x, y


def planted(kind, boxes, input_size=64):
    """Pseudo labels of the weak view: discs in boxes, in the form of a detector's candidates."""
    grids = []
    for x1, y1, x2, y2 in boxes:
        frame, size = ((x1, y1, x2, y2), 28) if kind == 'mask-rcnn' else (
            (0, 0, input_size, input_size), input_size // 4)
        x, y = disc_on(frame, size)
        radius = min(x2 - x1, y2 - y1) / 2
        grids.append(radius - np.hypot(x - (x1 + x2) / 2, y - (y1 + y2) / 2))
    count = len(boxes)
    instances = InstanceData(
        metainfo=dict(input_shape=(input_size, input_size)),
        labels=torch.arange(count) % 3, class_scores=torch.ones(count),
        class_probs=torch.full((count, 3), 1 / 3), mask_scores=torch.ones(count),
        mask_logits=torch.as_tensor(np.array(grids)).float().reshape(count, *grids[0].shape))
    if kind == 'mask-rcnn':
        instances.mask_boxes = torch.tensor(boxes).float()
        instances.bboxes = instances.mask_boxes.clone()
    return instances


@every_kind
def test_a_step_gives_losses_of_both_kinds_and_every_parameter_a_gradient(kind, clock):
    clock(3, 10)
    model = build_pais(kind)
    losses = flat(model.loss(**pais_batch()))
    assert {name.split('_')[0] for name in losses} == {'sup', 'unsup'}
    assert all(torch.isfinite(value) for value in losses.values())
    sum(losses.values()).backward()
    lost = [name for name, p in model.student.named_parameters()
            if p.requires_grad and p.grad is None]
    assert not lost and all(p.grad is None for p in model.teacher.parameters())


@every_kind
def test_no_pseudo_label_keeps_the_graph_and_weighs_nothing(kind, clock):
    clock(3, 10)
    model = build_pais(kind, hooks=NONE)
    losses = flat(model.loss(**pais_batch()))
    unsup = {name: value for name, value in losses.items() if name.startswith('unsup_')}
    assert unsup and all(value == 0 for value in unsup.values())
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in model.student.parameters() if p.requires_grad)


@every_kind
def test_one_class_and_one_labeled_image_without_instances(kind, clock):
    clock(3, 10)
    batch = pais_batch(labels=())
    losses = flat(build_pais(kind, num_classes=1).loss(**batch))
    assert all(torch.isfinite(value) for value in losses.values())


@every_kind
def test_pseudo_labels_teach_no_iou_and_no_semantics(kind, clock):
    """A.10 item 4: the released code computes these losses and multiplies them by 0."""
    clock(3, 10)
    losses = flat(build_pais(kind).loss(**pais_batch()))
    auxiliary = [name for name in losses if 'iou' in name or 'seg' in name]
    assert [name for name in auxiliary if name.startswith('sup_')]
    assert all(losses[name] == 0 for name in auxiliary if name.startswith('unsup_'))


@pytest.mark.parametrize('matrix', [
    pytest.param(None, id='larger and flipped'),
    pytest.param(np.array([[1.0, 0, 16], [0, 1, 8], [0, 0, 1]]), id='shifted'),
    pytest.param(np.array([[1.2, 0.3, 0], [-0.3, 1.2, 20], [0, 0, 1]]), id='turned'),
])
@every_kind
def test_masks_and_boxes_arrive_where_the_object_is(kind, matrix):
    """A disc at a known place of the weak view is found at its place in the strong view."""
    batch = pais_batch(1, matrix=matrix)['multi_batch_data_samples']
    source, target = batch['unsup_teacher'][0], batch['unsup_student'][0]
    box = (14, 20, 38, 44)
    moved = build_pais(kind).move(planted(kind, [box]), source, target)
    to_strong = target.homography_matrix
    center = to_strong @ [26, 32, 1]
    radius = 12 * np.sqrt(abs(np.linalg.det(to_strong[:2, :2])))
    x1, y1, x2, y2 = moved.bboxes[0].tolist()
    assert np.allclose([(x1 + x2) / 2, (y1 + y2) / 2], center[:2], atol=2)
    if kind == 'mask-rcnn':
        assert isinstance(moved.masks, BoxMaps)
        found = moved.masks.crop(torch.tensor([[0.0, 0, 96, 96]]), torch.tensor([0]), 96)[0] >= 0.5
    else:
        assert moved.masks.shape == (1, 24, 24)
        found = moved.masks[0].repeat_interleave(4, 0).repeat_interleave(4, 1)
    x, y = disc_on((0, 0, 96, 96), 96)
    truth = torch.as_tensor(np.hypot(x - center[0], y - center[1]) < radius)
    assert (found & truth).sum() / (found | truth).sum() > 0.85


@every_kind
def test_nothing_of_full_size_arises_between_teacher_and_student(kind, clock):
    """A.10 item 1: 100 full-size masks per image in the released code."""
    clock(3, 10)
    model, batch = build_pais(kind), pais_batch()
    pseudo_labels = model.predict_pseudo_labels(
        batch['multi_batch_inputs']['unsup_teacher'],
        batch['multi_batch_data_samples']['unsup_teacher'])
    assert sum(map(len, pseudo_labels)) > 0
    assert all('masks' not in instances for instances in pseudo_labels)


@every_kind
def test_weights_scale_the_losses_that_they_name(kind, clock):
    clock(3, 10)
    results = {}
    for name, beta in (('plain', None), ('weighted', 0.0)):
        weights = dict(type='AligningWeights', alpha=None, beta=beta,
                       mask_reference=(1.0, 0.5))
        hooks = [dict(type='DualThresholdFilter', class_thr=0.0, mask_thr=0.0, min_area=0),
                 weights]
        model = build_pais(kind, hooks=hooks)
        torch.manual_seed(5)
        results[name] = flat(model.loss(**pais_batch()))
    masks = [name for name in results['plain']
             if name.startswith('unsup_') and ('mask' in name or 'dice' in name)
             and 'iou' not in name]
    assert masks and sum(results['plain'][name] for name in masks) > 0
    for name in masks:
        assert torch.allclose(results['weighted'][name], 0.5 * results['plain'][name],
                              rtol=1e-4), name
    assert torch.allclose(results['weighted']['sup_loss_cls' if kind != 'knet' else
                                              'sup_s2.loss_cls'],
                          results['plain']['sup_loss_cls' if kind != 'knet' else
                                           'sup_s2.loss_cls'])


def test_the_teachers_background_weighs_negative_rois(clock):
    clock(3, 10)
    model = build_pais('mask-rcnn')
    seen = {}
    original = model.candidates.background_scores

    def spy(teacher, boxes):
        seen['boxes'] = boxes
        return [score * 0 for score in original(teacher, boxes)]

    model.candidates.background_scores = spy
    torch.manual_seed(7)
    without = flat(model.loss(**pais_batch()))['unsup_loss_cls']
    model.candidates.background_scores = original
    torch.manual_seed(7)
    with_background = flat(model.loss(**pais_batch()))['unsup_loss_cls']
    assert without != with_background
    assert len(seen['boxes']) == 2 and all((part <= 64).all() for part in seen['boxes'])
    with pytest.raises(RuntimeError, match='call it on the same weak views first'):
        original(model.teacher, seen['boxes'])


def test_background_of_the_teacher_needs_its_boxes():
    with pytest.raises(ValueError, match='teacher_background = True needs MaskRCNNCandidates'):
        MODELS.build(toy_pais('knet', teacher_background=True))


@pytest.mark.parametrize('class_thr, score_thr', [(0.2, 0.35), (0.0, 0.05)])
def test_candidates_may_not_hide_the_filters_threshold(class_thr, score_thr):
    hook = dict(type='DualThresholdFilter', class_thr=class_thr, mask_thr=0.3)
    config = toy_pais('mask-rcnn', hooks=[hook])
    config['candidates'] = dict(type='MaskRCNNCandidates', score_thr=score_thr)
    with pytest.raises(ValueError, match=f'score_thr = {score_thr} is above class_thr'):
        MODELS.build(config)


@every_kind
def test_bfloat16_gives_finite_losses(kind, clock):
    clock(3, 10)
    model = build_pais(kind)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = flat(model.loss(**pais_batch()))
    assert all(torch.isfinite(value) for value in losses.values())


@every_kind
def test_prediction_is_the_teachers(kind):
    model, images = build_pais(kind).eval(), torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        for parameter in model.student.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))

    def scores(detector):
        return detector.predict(images, [sample_with_boxes(64, ())])[0].pred_instances.scores

    result, = model.predict(images, [sample_with_boxes(64, ())])
    assert result.pred_instances.masks.shape[1:] == (64, 64)
    assert torch.equal(result.pred_instances.scores, scores(model.teacher))
    assert not torch.equal(result.pred_instances.scores, scores(model.student))


@pytest.mark.parametrize('kind', ['knet', 'mask-rcnn'])
def test_it_trains_in_the_runner(kind, tmp_path):
    config = Config(pais_config(tmp_path, kind, max_iters=4, val=True), format_python_code=False)
    config.custom_hooks.append(dict(type='PseudoLabelStatisticsHook', interval=1))
    runner = Runner.from_cfg(config)
    runner.train()
    scalars = runner.message_hub.log_scalars
    assert scalars['train/pseudo/instances_per_image'].current() > 0
    assert (tmp_path / 'work_dir/iter_4.pth').exists()
