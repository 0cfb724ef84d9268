"""One pseudo mask per true box: who gets which, and how much it counts."""

from typing import Optional, Sequence

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor

from mmssis.models.pseudo_labels import AssignToBoxes
from mmssis.ops import mask_aware_scores
from mmssis.structures import PseudoLabelContext

LEFT, RIGHT = [0., 0., 32., 32.], [32., 32., 64., 64.]


def candidates(boxes: Sequence[list] = (LEFT, RIGHT), scores: Sequence[float] = (0.9, 0.8),
               labels: Optional[Sequence[int]] = None, probs: Sequence[float] = (0.9, 0.9)
               ) -> InstanceData:
    """Predictions whose masks have one probability everywhere."""
    num = len(boxes)
    return InstanceData(
        metainfo=dict(input_shape=(64, 64)),
        labels=torch.tensor(labels or [0] * num, dtype=torch.long),
        class_scores=torch.tensor(scores[:num]), bboxes=torch.tensor(boxes).reshape(-1, 4),
        mask_logits=torch.tensor(probs[:num]).logit()[:, None, None].repeat(1, 16, 16))


def true(boxes: Sequence[list] = (LEFT, RIGHT), labels: Sequence[int] = (0, 1)) -> InstanceData:
    return InstanceData(labels=torch.tensor(labels[:len(boxes)], dtype=torch.long),
                        bboxes=torch.tensor(boxes).reshape(-1, 4))


def give(found: InstanceData, known: Optional[InstanceData], **settings) -> InstanceData:
    context = PseudoLabelContext(
        images=torch.zeros(1, 3, 64, 64), metas=[{}], progress=0.0, total_progress=0.0,
        weak_labels=[known], pixel_mean=torch.zeros(3, 1, 1), pixel_std=torch.ones(3, 1, 1))
    return MODELS.build(dict(type='AssignToBoxes', **settings))([found], context)[0]


def cells(instances: InstanceData) -> Tensor:
    """Number of foreground cells of each mask."""
    return (instances.mask_logits > 0).flatten(1).sum(1)


@pytest.mark.parametrize('found, known, num', [
    pytest.param(candidates(()), true(), 2, id='no prediction'),
    pytest.param(candidates(), true(()), 0, id='no box'),
    pytest.param(candidates(()), true(()), 0, id='neither'),
])
def test_nothing_to_give(found, known, num):
    for settings in ({}, dict(class_aware=True), dict(sort_by='class')):
        instances = give(found, known, **settings)
        assert len(instances) == num and instances.mask_logits.shape == (num, 16, 16)
        assert instances.mask_weights.tolist() == [0.0] * num
        assert instances.input_shape == (64, 64)


def test_without_weak_labels_nothing_changes():
    found = candidates()
    assert give(found, None) is found


def test_boxes_and_labels_are_the_true_ones():
    boxes = [[1., 2., 30., 31.], RIGHT]
    instances = give(candidates(labels=[7, 7]), true(boxes))
    assert instances.bboxes.tolist() == boxes and instances.labels.tolist() == [0, 1]
    assert instances.class_scores.tolist() == [1.0, 1.0]


@pytest.mark.parametrize('settings, weight', [
    pytest.param({}, (0.8 ** 0.5 * 0.9) ** 0.5, id='released code'),
    pytest.param(dict(class_power=1), (0.8 * 0.9) ** 0.5, id='Eq. 1'),
    pytest.param(dict(class_power=0), 0.9 ** 0.5, id='mask alone'),
    pytest.param(dict(weigh=False), 1.0, id='naive self-training'),
])
def test_weights(settings, weight):
    instances = give(candidates([RIGHT], [0.8]), true(), **settings)
    assert instances.mask_weights.tolist() == pytest.approx([0.0, weight], abs=1e-6)
    assert instances.mask_scores.tolist() == pytest.approx([0.0, 0.9], abs=1e-6)
    assert cells(instances).tolist() == [0, 64]


def test_power_1_is_the_papers_equation():
    torch.manual_seed(0)
    found = candidates(scores=[0.7, 0.6])
    found.mask_logits = torch.randn(2, 16, 16)
    instances = give(found, true(), class_power=1)
    expected = mask_aware_scores(
        found.class_scores, found.mask_logits.sigmoid(), true().bboxes / 4)
    assert torch.allclose(instances.mask_weights, expected)


def test_masks_end_at_their_boxes():
    instances = give(candidates(), true([[2., 0., 30., 32.], RIGHT]))
    # Cells of 4 pixels: the first centre inside of x >= 2 is that of cell 0.
    mask = instances.mask_logits[0] > 0
    assert mask[:8, :7].all() and mask.sum() == 56
    assert (instances.uncropped_logits > 0).all()


@pytest.mark.parametrize('scores, kept', [
    pytest.param([0.9, 0.05 ** 0.5 + 1e-4], 2, id='class times centerness above 0.05'),
    pytest.param([0.9, 0.22], 1, id='0.22 ** 2 = 0.0484 is below'),
])
def test_threshold_is_on_the_square(scores, kept):
    assert (give(candidates(scores=scores), true()).mask_weights > 0).sum() == kept


def test_the_first_prediction_keeps_its_box():
    """The released code counts the box that prediction 0 has taken as free."""
    worse = [0., 0., 32., 20.]
    instances = give(candidates([LEFT, worse], [0.9, 0.3], probs=[0.95, 0.6]), true([LEFT]))
    assert instances.mask_scores.item() == pytest.approx(0.95)


@pytest.mark.parametrize('settings, given', [
    pytest.param({}, 0.9, id='any class: the better prediction'),
    pytest.param(dict(class_aware=True), 0.6, id='own class alone'),
])
def test_class_aware(settings, given):
    found = candidates([LEFT, LEFT], [0.9, 0.5], labels=[3, 0], probs=[0.9, 0.6])
    assert give(found, true([LEFT]), **settings).mask_scores.item() == pytest.approx(given)


def test_class_aware_gives_each_class_its_own():
    found = candidates([LEFT, RIGHT, LEFT], [0.9, 0.8, 0.7], labels=[1, 0, 0],
                       probs=[0.6, 0.7, 0.8])
    instances = give(found, true([LEFT, RIGHT, LEFT], [0, 0, 1]), class_aware=True)
    assert instances.mask_scores.tolist() == pytest.approx([0.8, 0.7, 0.6])


@pytest.mark.parametrize('sort_by, given', [('mask_aware', 0.95), ('class', 0.6)])
def test_order(sort_by, given):
    found = candidates([LEFT, LEFT], [0.9, 0.8], probs=[0.6, 0.95])
    instances = give(found, true([LEFT]), sort_by=sort_by)
    assert instances.mask_scores.item() == pytest.approx(given)


@pytest.mark.parametrize('box', [
    pytest.param([60., 60., 61., 61.], id='smaller than a cell'),
    pytest.param([70., 70., 90., 90.], id='outside of the image'),
])
def test_a_box_without_a_cell_has_an_empty_mask(box):
    instances = give(candidates([box], [0.9]), true([box]))
    assert cells(instances).tolist() == [0] and instances.mask_weights.tolist() == [0.0]


def test_a_box_without_a_prediction_has_no_mask_in_any_view():
    assert (give(candidates([RIGHT], [0.8]), true()).uncropped_logits[0] < 0).all()


@pytest.mark.parametrize('settings, message', [
    pytest.param(dict(iou_thr=1.5), 'iou_thr = 1.5', id='IoU'),
    pytest.param(dict(score_thr=-1), 'score_thr = -1', id='score'),
    pytest.param(dict(sort_by='iou'), "use one of .*'class'", id='order'),
    pytest.param(dict(class_power=-1), 'exponent >= 0', id='exponent'),
])
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        AssignToBoxes(**settings)
