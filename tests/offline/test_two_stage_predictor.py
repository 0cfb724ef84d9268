"""Mask R-CNN over views: mmdet's own results for one view, the released merge for many."""

import numpy as np
import pytest
import torch
from mmdet.models.losses import CrossEntropyLoss
from mmdet.registry import MODELS
from reference import tta_merge
from toy_mask_rcnn import build, toy_mask_rcnn
from toy_offline import FOUR, paste, picture

from mmssis.models.mask_rcnn import NoiseTolerantMaskHead
from mmssis.offline.tta_views import View, group_views, make_views, view_batches
from mmssis.offline.two_stage_predictor import TwoStagePredictor, fits

PLAIN = dict(type='MaskRCNN', roi_head='StandardRoIHead', mask_head='FCNMaskHead')
HEADS = [
    pytest.param({}, id='with a mask-IoU branch'),
    pytest.param(PLAIN, id="mmdet's own"),
    pytest.param(dict(mask_head='NoiseTolerantMaskHead'), id='noise-tolerant: a second round'),
    pytest.param(dict(class_agnostic=True), id='class-agnostic masks'),
    pytest.param(dict(num_classes=1), id='one class'),
    pytest.param(dict(shared_extractor=True), id='shared RoI features'),
]


def detector_of(**settings):
    """A toy Mask R-CNN whose mask logits have median 0 and spread 3, whatever its head."""
    detector, logits = build(**settings).eval(), []
    head = detector.roi_head.mask_head
    last = head.fusion if isinstance(head, NoiseTolerantMaskHead) else head.conv_logits
    handle = last.register_forward_hook(lambda module, inputs, output: logits.append(output))
    predict(detector, picture(), [View((64, 64))])
    handle.remove()
    per_class = logits[0].transpose(0, 1).flatten(1) - last.bias.data[:, None]
    factors = 3.0 / per_class.std(1)
    last.weight.data *= factors[:, None, None, None]
    last.bias.data = -factors * per_class.median(1).values
    return detector


def predict(detector, image, views, score_thr=0.05, max_per_image=10):
    return TwoStagePredictor(detector, views, score_thr, max_per_image)(image)


@pytest.mark.parametrize('settings', HEADS)
def test_one_view_gives_mmdets_own_results(settings):
    detector, image, views = detector_of(**settings), picture(), make_views('none', (96, 77))
    ours = predict(detector, image, views)
    batch, = view_batches(image, group_views(views), detector.data_preprocessor)
    with torch.no_grad():
        theirs = detector.predict(*batch)[0].pred_instances
    assert len(ours) == len(theirs) > 0
    assert torch.equal(ours.labels, theirs.labels)
    assert torch.allclose(ours.scores, theirs.scores, atol=1e-6)
    assert torch.allclose(ours.boxes, theirs.bboxes, atol=1e-3)
    assert (paste(ours, image.shape[:2]) == theirs.masks).float().mean() > 0.9999
    assert theirs.masks.any() and not theirs.masks.all()


@pytest.mark.parametrize('settings', HEADS)
def test_the_merge_is_the_released_ones(settings):
    views = FOUR if settings else make_views('paper', (36, 28))
    detector, image = detector_of(**settings).train(), picture()
    ours = predict(detector, image, views)
    assert not detector.training
    assert not any(value.requires_grad for value in (ours.boxes, ours.scores, ours.mask_probs))
    with torch.no_grad():
        boxes, scores, labels, masks = tta_merge.predict(detector, image, views, 0.05, 10)
    assert len(ours) == len(scores) > 0
    assert np.array_equal(ours.labels, labels)
    assert np.allclose(ours.scores, scores, atol=1e-5)
    assert np.allclose(ours.boxes, boxes, atol=1e-2)
    assert np.allclose(ours.mask_probs, masks, atol=1e-2) and masks.std() > 0.1


@pytest.mark.parametrize('proposals, score_thr', [
    pytest.param(0, 0.0, id='no proposal'),
    pytest.param(20, 1.0, id='no detection'),
])
@pytest.mark.parametrize('settings', [{}, dict(mask_head='NoiseTolerantMaskHead')])
def test_nothing_found(proposals, score_thr, settings):
    detector = detector_of(**settings)
    detector.rpn_head.test_cfg.max_per_img = proposals
    ours = predict(detector, picture(), FOUR, score_thr)
    assert len(ours) == 0 and ours.boxes.shape == (0, 4) and ours.mask_probs.shape == (0, 28, 28)
    assert ours.labels.dtype == torch.long


@pytest.mark.parametrize('size', [(1, 1), (7, 300)])
def test_any_size(size):
    ours = predict(detector_of(), picture(*size), FOUR, 0.0)
    assert ours.boxes.isfinite().all() and ours.mask_probs.isfinite().all()
    assert (ours.boxes >= -1e-3).all()
    assert (ours.boxes[:, 2] <= size[1] + 1e-3).all() and (ours.boxes[:, 3] <= size[0] + 1e-3).all()
    assert ((ours.mask_probs >= 0) & (ours.mask_probs <= 1)).all()


@pytest.mark.parametrize('settings', [{}, PLAIN, dict(mask_head='NoiseTolerantMaskHead')])
def test_autocast(settings):
    with torch.autocast('cpu', dtype=torch.bfloat16):
        ours = predict(detector_of(**settings), picture(), FOUR, 0.0)
    assert len(ours) > 0
    for value in (ours.boxes, ours.scores, ours.mask_probs):
        assert value.dtype == torch.float32 and value.isfinite().all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
@pytest.mark.parametrize('settings', [{}, PLAIN])
def test_on_a_gpu(settings):
    detector = detector_of(**settings)
    expected = predict(detector, picture(), FOUR)
    ours = predict(detector.cuda(), picture(), FOUR)
    assert ours.mask_probs.is_cuda and len(ours) == len(expected)
    assert torch.allclose(ours.scores.cpu(), expected.scores, atol=1e-3)
    with torch.autocast('cuda'):
        assert predict(detector, picture(), FOUR).mask_probs.dtype == torch.float32


def test_a_loss_with_its_own_activation_is_used_as_mmdet_does():
    cfg = toy_mask_rcnn()
    cfg.roi_head.bbox_head.loss_cls = dict(type='SeesawLoss', num_classes=3, p=0.8, q=2.0)
    detector = MODELS.build(cfg).eval()
    torch.nn.init.normal_(detector.roi_head.bbox_head.fc_cls.weight, std=0.3)
    image = picture(64, 64)
    ours = predict(detector, image, [View((64, 64))])
    batch, = view_batches(image, [[View((64, 64))]], detector.data_preprocessor)
    with torch.no_grad():
        theirs = detector.predict(*batch)[0].pred_instances
    assert len(ours) > 0 and torch.allclose(ours.scores, theirs.scores, atol=1e-6)


class OtherActivation(CrossEntropyLoss):
    """A softmax loss that would like another activation at test."""

    custom_activation = True


class NoBackground(CrossEntropyLoss):
    """Sigmoid scores of K classes."""

    custom_activation = custom_cls_channels = True

    def get_cls_channels(self, num_classes):
        return num_classes

    def get_activation(self, cls_score):
        return cls_score.sigmoid()


@pytest.mark.parametrize('loss, message', [
    pytest.param(OtherActivation, 'whose activation mmdet does not use', id='activation'),
    pytest.param(NoBackground, 'scores 3 classes for 3 and no background', id='no background'),
])
def test_scores_that_cannot_be_merged_are_refused(loss, message):
    detector = detector_of()
    detector.roi_head.bbox_head.loss_cls = loss()
    with pytest.raises(ValueError, match=f'{loss.__name__}.*{message}'):
        TwoStagePredictor(detector, FOUR)


def test_a_detector_that_predicts_otherwise_is_refused():
    cfg = toy_mask_rcnn(type='MaskRCNN', roi_head='MaskScoringRoIHead', mask_head='FCNMaskHead')
    cfg.roi_head.mask_iou_head = dict(
        type='MaskIoUHead', num_convs=1, num_fcs=1, in_channels=16, conv_out_channels=16,
        fc_out_channels=16, num_classes=3)
    detector = MODELS.build(cfg)
    assert not fits(detector) and fits(build())
    with pytest.raises(TypeError, match='MaskRCNN is no two-stage detector whose'):
        TwoStagePredictor(detector, FOUR)
