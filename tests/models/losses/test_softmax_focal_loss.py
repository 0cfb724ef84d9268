"""SoftmaxFocalLoss in the place of mmdet's CrossEntropyLoss."""

import pytest
import torch
from mmdet.models.losses import CrossEntropyLoss
from mmdet.registry import MODELS
from reference import focal_equations
from toy_mask_rcnn import images_of, sample_of, toy_mask_rcnn

from mmssis.models.losses import SoftmaxFocalLoss

SCORES = torch.randn(20, 4, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(20) % 4
WEIGHTS = torch.rand(20, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize('weight, settings', [
    pytest.param(None, dict(), id='mean'),
    pytest.param(WEIGHTS, dict(avg_factor=7), id='mean over a given number'),
    pytest.param(WEIGHTS, dict(reduction_override='none', avg_factor=7), id='number not used'),
    pytest.param(WEIGHTS, dict(reduction_override='sum'), id='sum'),
])
def test_gamma_0_is_mmdets_cross_entropy(weight, settings):
    ours, theirs = (loss(SCORES, LABELS, weight, **settings) for loss in (
        SoftmaxFocalLoss(gamma=0, loss_weight=2.0), CrossEntropyLoss(loss_weight=2.0)))
    assert ours.shape == theirs.shape and torch.allclose(ours, theirs, rtol=1e-5)


def test_weights_and_number_enter_the_naive_writing():
    naive = focal_equations.softmax_focal_loss(SCORES.tolist(), LABELS.tolist(), 1.5)
    expected = 3 * sum(w * loss for w, loss in zip(WEIGHTS.tolist(), naive)) / 7
    loss = SoftmaxFocalLoss(loss_weight=3.0)(SCORES, LABELS, WEIGHTS, avg_factor=7)
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def detector(loss, roi_head='WeightedRoIHead'):
    """A toy Mask R-CNN with this loss of its classes."""
    torch.manual_seed(0)
    cfg = toy_mask_rcnn(mask_head='FCNMaskHead', roi_head=roi_head, type=(
        'WeightedMaskRCNN' if roi_head == 'WeightedRoIHead' else 'MaskRCNN'))
    cfg.roi_head.bbox_head.loss_cls = loss
    model = MODELS.build(cfg)
    model.init_weights()
    return model


def losses_of(model, **fields):
    torch.manual_seed(1)
    samples = [sample_of((0, 1), **fields), sample_of(())]
    return model.train().loss(images_of(), samples)


FOCAL, ENTROPY = dict(type='SoftmaxFocalLoss'), dict(type='CrossEntropyLoss')


@pytest.mark.parametrize('roi_head', ['WeightedRoIHead', 'StandardRoIHead'])
def test_gamma_0_gives_a_detector_its_usual_losses(roi_head):
    ours = losses_of(detector(dict(FOCAL, gamma=0.0), roi_head))
    theirs = losses_of(detector(ENTROPY, roi_head))
    assert ours.keys() == theirs.keys() and 'acc' in ours
    for name in ('loss_cls', 'acc', 'loss_bbox', 'loss_mask'):
        assert torch.allclose(ours[name], theirs[name], rtol=1e-5), name


def test_weights_of_instances_reach_the_loss():
    light = losses_of(detector(FOCAL), cls_weights=torch.full((2, ), 0.1))
    assert not torch.allclose(light['loss_cls'], losses_of(detector(FOCAL))['loss_cls'])


def test_predictions_stay_softmax():
    results = []
    for loss in (FOCAL, ENTROPY):
        model = detector(loss).eval()
        model.roi_head.bbox_head.fc_cls.weight.data.normal_(
            std=0.3, generator=torch.Generator().manual_seed(0))
        results.append(model.predict(images_of(), [sample_of(), sample_of()])[0].pred_instances)
    assert len(results[0]) > 0 and torch.equal(results[0].scores, results[1].scores)


def test_wrong_settings_are_named():
    for settings, error, message in [
            (dict(gamma=-1), ValueError, 'got -1'),  # gamma
            (dict(gamma=None), TypeError, 'None'),  # no gamma
            (dict(reduction='average'), ValueError, "'average'"),  # reduction
    ]:
        with pytest.raises(error, match=message):
            SoftmaxFocalLoss(**settings)
    with pytest.raises(ValueError, match="'average'"):
        SoftmaxFocalLoss()(SCORES, LABELS, reduction_override='average')
