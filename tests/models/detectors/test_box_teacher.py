"""BoxTeacher's step: true boxes, pseudo masks, colours, and images of three kinds."""

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from toy_box_teacher import (ASSIGN, BOXES, FILTER, box_batch, build_box_teacher, toy_box_teacher,
                             view)

from mmssis.models.condinst.mask_targets import cell_boxes, cell_masks
from mmssis.models.detectors import BoxTeacher
from mmssis.models.detectors.box_teacher import labeled_area
from mmssis.models.detectors.semi_instance_segmentor import Batch
from mmssis.models.pseudo_labels import AssignToBoxes
from mmssis.ops import affinity_loss, color_similarity
from mmssis.structures import move_pseudo_labels, view_to_view

LOSSES = ('loss_cls', 'loss_bbox', 'loss_centerness', 'loss_mask', 'loss_project', 'loss_pairwise',
          'loss_pseudo_mask', 'loss_affinity')
FLIP = np.array([[-1., 0., 64.], [0., 1., 0.], [0., 0., 1.]])


def run(model, batch):
    losses = model.loss(**batch)
    assert all(torch.isfinite(value).all() for value in losses.values())
    return {name: float(value.detach().sum()) for name, value in losses.items()}


def perfect(model, monkeypatch, score=1.0):
    """A teacher that finds the true boxes, each with a mask that fills the image."""
    def find(candidates, teacher, images, data_samples):
        boxes = torch.tensor(BOXES)
        return [InstanceData(
            metainfo=dict(input_shape=tuple(images.shape[-2:])),
            labels=torch.arange(3), class_scores=torch.full((3, ), score), bboxes=boxes,
            mask_logits=torch.full((3, images.shape[-2] // 4, images.shape[-1] // 4), 4.0))
            for _ in data_samples]
    monkeypatch.setattr(type(model.candidates), '__call__', find)


@pytest.mark.parametrize('kinds, informed, burn_in', [
    pytest.param([()], True, 0, id='known to be empty: teaches background'),
    pytest.param([(), None], True, 0, id='empty and unlabeled'),
    pytest.param([None], False, 0, id='unlabeled without pseudo label: teaches nothing'),
    pytest.param([None], False, 5, id='unlabeled in burn-in: teaches nothing'),
])
def test_images_without_instances(kinds, informed, burn_in):
    model = build_box_teacher(
        burn_in=burn_in, hooks=dict(assign=ASSIGN, unlabeled_filter=dict(FILTER, class_thr=1.0)))
    losses = run(model, box_batch(*kinds))
    assert set(losses) == {f'unsup_{name}' for name in LOSSES}
    assert (losses['unsup_loss_cls'] > 0) == informed
    if not informed:
        assert not any(losses.values())


@pytest.mark.parametrize('burn_in', [0, 5], ids=['teacher', 'burn-in'])
def test_three_kinds_of_labels_in_one_step(burn_in, monkeypatch):
    """In burn-in boxes are learned as by BoxInst, and the teacher is left alone."""
    model = build_box_teacher(burn_in=burn_in)
    perfect(model, monkeypatch)
    if burn_in:
        monkeypatch.setattr(type(model.candidates), '__call__',
                            lambda *args: pytest.fail('the teacher ran'))
    batch = box_batch((0, 1), None, sup=2)
    losses = model.loss(**batch)
    assert set(losses) == {f'{branch}_{name}' for branch in ('sup', 'unsup') for name in LOSSES}
    assert losses['sup_loss_mask'] > 0 and losses['sup_loss_project'] == 0
    assert losses['unsup_loss_project'] > 0 and losses['unsup_loss_pairwise'] > 0
    # Pseudo masks of the image without labels are learned as masks.
    for name in ('mask', 'pseudo_mask', 'affinity'):
        assert bool(losses[f'unsup_loss_{name}'] > 0) == (burn_in == 0), name
    unlabeled = batch['multi_batch_data_samples']['unsup_student'][1]
    assert not {'color_similarity', 'labeled_cells'} & set(unlabeled.metainfo)
    sum(losses.values()).backward()
    assert all(p.grad is None for p in model.teacher.parameters())


def test_the_warm_up_follows_the_clock(monkeypatch):
    model, values = build_box_teacher(), []
    model.student.mask_head.warm_up = 10
    perfect(model, monkeypatch)
    for iteration in (0, 5, 10, 20):
        model.set_clock(iteration, 20)
        torch.manual_seed(0)
        values.append(run(model, box_batch((0, 1)))['unsup_loss_pseudo_mask'])
    assert values[0] == 0 and values[2] == pytest.approx(values[3], rel=1e-4) and values[3] > 0
    assert values[1] == pytest.approx(values[2] / 2, rel=1e-4)


def test_burn_in_with_masks_alone():
    model = build_box_teacher(burn_in=5)
    batch = box_batch(sup=2)
    for part in batch.values():
        del part['unsup_teacher'], part['unsup_student']
    assert set(run(model, batch)) == {f'sup_{name}' for name in LOSSES}


def test_true_boxes_arrive_with_pseudo_masks_or_without():
    """An untrained teacher finds none of the boxes: they stay, and their masks weigh 0."""
    model = build_box_teacher(hooks=dict(assign=dict(ASSIGN, iou_thr=1.0)))
    batch = box_batch((0, 1, 2))
    model.loss(**batch)
    student = batch['multi_batch_data_samples']['unsup_student'][0].gt_instances
    assert student.labels.tolist() == [0, 1, 2]
    assert torch.equal(student.bboxes, torch.tensor(BOXES))
    assert student.masks.dtype == torch.bool and not student.masks.any()
    assert student.mask_weights.tolist() == [0.0] * 3


def moved(instances, target):
    return move_pseudo_labels(instances, view_to_view(view((0, )), target),
                              target.batch_input_shape, target.img_shape)


@pytest.mark.parametrize('box, scale', [
    pytest.param([20., 36., 52., 68.], 0.8, id='32 pixels, on the cells'),
    pytest.param([21., 34.5, 53., 66.5], 1.0, id='32 pixels, beside them'),
])
def test_a_mask_that_fills_its_box_still_does_after_the_move(box, scale):
    """A crop before the resampling would take a fifth of a small mask away."""
    found = InstanceData(
        metainfo=dict(input_shape=(160, 160)), labels=torch.tensor([0]),
        class_scores=torch.tensor([0.9]), bboxes=torch.tensor([box]),
        mask_logits=torch.full((1, 40, 40), 6.0))
    given = AssignToBoxes().assign_masks(
        found, InstanceData(labels=torch.tensor([0]), bboxes=torch.tensor([box])))
    size = round(160 * scale)
    result = moved(given, view((0, ), size, ori=160, matrix=np.diag([scale, scale, 1.])))
    assert torch.allclose(result.bboxes, scale * torch.tensor([box]))
    cells = cell_boxes(result.bboxes, (size // 4, ) * 2, 4)
    learned = cell_masks(result, cells.shape[1:], 4) * cells
    assert learned.sum() >= 0.98 * cells.sum() and 'uncropped_logits' not in result


@pytest.mark.parametrize('known, matrix, left', [
    pytest.param(True, np.eye(3), 1, id='true box without a mask'),
    pytest.param(False, np.eye(3), 0, id='pseudo box without a mask'),
    pytest.param(True, np.array([[1., 0., -50.], [0., 1., 0.], [0., 0., 1.]]), 0,
                 id='true box that left the view'),
])
def test_what_is_dropped(known, matrix, left):
    logits = torch.full((1, 16, 16), -20.0)
    instances = InstanceData(
        metainfo=dict(input_shape=(64, 64)), labels=torch.tensor([1]), mask_logits=logits,
        bboxes=torch.tensor([[4., 8., 36., 40.]]))
    if known:
        instances.uncropped_logits = logits
    assert len(moved(instances, view((0, ), matrix=matrix))) == left


def colors(model, images, source, target, shape=(64, 64)):
    strong = Batch(torch.zeros(1, 3, *shape), [target])
    model.add_colors(Batch(images, [source]), strong)
    return target.color_similarity


def test_colors_come_from_the_clean_view():
    model = build_box_teacher(bottom_pixels=0)
    images = torch.randn(1, 3, 64, 64)
    target = view((0, ))
    similarity = colors(model, images, view((0, )), target)
    rgb = ((images * 127.5 + 127.5) / 255).clamp(0, 1)
    assert torch.allclose(similarity, color_similarity(rgb)[0], atol=1e-6)
    assert not similarity.requires_grad and 'color_similarity' in target.metainfo


def test_colors_follow_a_flip():
    model = build_box_teacher(bottom_pixels=0)
    images = torch.rand(1, 3, 64, 64)
    source, target = view((0, )), view((0, ), matrix=FLIP)
    similarity = colors(model, images, source, target)
    flipped = colors(model, images.flip(3), view((0, ), matrix=FLIP), view((0, ), matrix=FLIP))
    assert torch.allclose(similarity, flipped, atol=1e-4)


def test_the_bottom_has_neither_colors_nor_affinity(monkeypatch):
    model, batch, seen = build_box_teacher(bottom_pixels=10), box_batch((0, 1)), []
    perfect(model, monkeypatch)

    def spied(logits, affinity, **settings):
        seen.append(affinity)
        return affinity_loss(logits, affinity, **settings)

    monkeypatch.setattr('mmssis.models.condinst.mask_head.affinity_loss', spied)
    model.loss(**batch)
    target, = batch['multi_batch_data_samples']['unsup_student']
    # Rows 13, 14 and 15 of the cells; neighbours are two rows above, beside, and two rows below.
    for maps in (target.color_similarity, seen[0].flatten(0, 1).view(-1, 8, 16, 16).amax(0)):
        above, beside, below = maps[:3], maps[3:5], maps[5:]
        assert not above[:, 15:].any() and not beside[:, 13:].any() and not below[:, 11:].any()
        assert above[:, 13:15].any() and beside[:, 12].any() and below[:, 10].any()
    assert target.labeled_cells.any(1).tolist() == [True] * 13 + [False] * 3


@pytest.mark.parametrize('fields, rows, columns', [
    pytest.param(dict(ori=128, matrix=np.diag([0.5, 0.5, 1.])), (0, 59), (0, 64), id='half size'),
    pytest.param(dict(matrix=FLIP), (0, 54), (0, 64), id='flipped sideways'),
    pytest.param(dict(matrix=np.array([[1., 0, 0], [0, -1., 64.], [0, 0, 1.]])), (10, 64), (0, 64),
                 id='upside down'),
    pytest.param(dict(ori=100, matrix=np.array([[1., 0, -30.], [0, 1., -20.], [0, 0, 1.]])),
                 (0, 64), (0, 64), id='crop that ends above the bottom'),
    pytest.param(dict(ori=100, matrix=np.array([[1., 0, 0], [0, 1., -36.], [0, 0, 1.]])), (0, 54),
                 (0, 64), id='crop at the bottom'),
    pytest.param(dict(ori=48, size=48), (0, 38), (0, 48), id='padding'),
])
def test_labeled_area(fields, rows, columns):
    sample = view((0, ), **dict(dict(size=64, ori=64), **fields))
    area = labeled_area(sample, (64, 64), 10, torch.device('cpu'))
    expected = torch.zeros(64, 64, dtype=torch.bool)
    expected[rows[0]:rows[1], columns[0]:columns[1]] = True
    assert torch.equal(area, expected)


def test_wrong_settings_are_refused():
    for settings, message in [
            (dict(ramp_up=3), 'ramp_up = 3 of BoxTeacher'),  # ramp
            (dict(bottom_pixels=-1), 'bottom_pixels = -1'),  # bottom
    ]:
        model = toy_box_teacher(**settings)
        model.pop('type')
        with pytest.raises(ValueError, match=message):
            BoxTeacher(**model)
