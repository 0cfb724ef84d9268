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
        images=torch.zeros(1, 3, 64, 64), metas=[{}], progress=0.0,
        box_labels=[known], pixel_mean=torch.zeros(3, 1, 1), pixel_std=torch.ones(3, 1, 1))
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
    for settings in ({}, dict(sort_by='class')):
        instances = give(found, known, **settings)
        assert len(instances) == num and instances.mask_logits.shape == (num, 16, 16)
        assert instances.mask_weights.tolist() == [0.0] * num
        assert instances.input_shape == (64, 64)


def test_boxes_and_labels_are_the_true_ones():
    """An image without box labels stays as it is."""
    boxes, found = [[1., 2., 30., 31.], RIGHT], candidates(labels=[7, 7])
    assert give(found, None) is found
    instances = give(found, true(boxes))
    assert instances.bboxes.tolist() == boxes and instances.labels.tolist() == [0, 1]
    assert instances.class_scores.tolist() == [1.0, 1.0]


@pytest.mark.parametrize('settings, weight', [
    pytest.param({}, (0.8 ** 0.5 * 0.9) ** 0.5, id='released code'),
    pytest.param(dict(class_power=0), 0.9 ** 0.5, id='mask alone'),
    pytest.param(dict(weigh_by='class'), 0.8, id='class score'),
    # The prediction is 32 x 32, the true box 32 x 24 of it.
    pytest.param(dict(weigh_by='iou'), 0.75, id='IoU of the boxes'),
    # 1 + 0.9 log 0.9 + 0.1 log 0.1.
    pytest.param(dict(weigh_by='mean_entropy'), 0.674917, id='mean entropy'),
    pytest.param(dict(weigh_by=None), 1.0, id='self-training'),
])
def test_weights(settings, weight):
    shorter = [32., 32., 64., 56.]
    instances = give(candidates([RIGHT], [0.8]), true([LEFT, shorter]), **settings)
    assert instances.mask_weights.tolist() == pytest.approx([0.0, weight], abs=1e-6)
    assert instances.mask_scores.tolist() == pytest.approx([0.0, 0.9], abs=1e-6)
    assert cells(instances).tolist() == [0, 48] and (instances.uncropped_logits[0] < 0).all()


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
    for box in ([60., 60., 61., 61.], [70., 70., 90., 90.]):  # below a cell; beside the image
        instances = give(candidates([box], [0.9]), true([box]), weigh_by='class')
        assert cells(instances).tolist() == [0] and instances.mask_weights.tolist() == [0.0]


def test_threshold_is_on_the_square():
    """Class times centerness above 0.05; 0.22 ** 2 = 0.0484."""
    for score, kept in ((0.05 ** 0.5 + 1e-4, 2), (0.22, 1)):
        found = give(candidates(scores=[0.9, score]), true())
        assert (found.mask_weights > 0).sum() == kept


def test_the_first_prediction_keeps_its_box():
    """The released code counts the box that prediction 0 has taken as free."""
    worse = [0., 0., 32., 20.]
    instances = give(candidates([LEFT, worse], [0.9, 0.3], probs=[0.95, 0.6]), true([LEFT]))
    assert instances.mask_scores.item() == pytest.approx(0.95)


@pytest.mark.parametrize('sort_by, given', [('mask_aware', 0.95), ('class', 0.6)])
def test_order(sort_by, given):
    found = candidates([LEFT, LEFT], [0.9, 0.8], probs=[0.6, 0.95])
    instances = give(found, true([LEFT]), sort_by=sort_by)
    assert instances.mask_scores.item() == pytest.approx(given)


def test_wrong_settings_are_refused():
    for settings, message in [
            (dict(iou_thr=1.5), 'iou_thr = 1.5'),  # IoU
            (dict(score_thr=-1), 'score_thr = -1'),  # score
            (dict(sort_by='iou'), "use one of .*'class'"),  # order
            (dict(class_power=-1), 'class_power = -1'),  # exponent
            (dict(weigh_by='score'), "use one of .*'mean_entropy', None"),  # confidence
    ]:
        with pytest.raises(ValueError, match=message):
            AssignToBoxes(**settings)
