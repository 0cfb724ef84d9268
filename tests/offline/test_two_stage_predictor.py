"""Mask R-CNN over views: mmdet's own results for one view, the released merge for many."""

import numpy as np
import pytest
import torch
from mmdet.models.losses import CrossEntropyLoss
from mmdet.models.roi_heads.mask_heads.fcn_mask_head import _do_paste_mask
from mmdet.registry import MODELS
from models.roi_heads.toy_mask_rcnn import build, toy_mask_rcnn
from reference import tta_merge

from mmssis.models.roi_heads import NoiseTolerantMaskHead
from mmssis.offline.tta_views import View, group_views, make_views, view_batches
from mmssis.offline.two_stage_predictor import TwoStagePredictor, fits, mean_class_masks

PLAIN = dict(type='MaskRCNN', roi_head='StandardRoIHead', mask_head='FCNMaskHead')
HEADS = [
    pytest.param({}, id='with a mask-IoU branch'),
    pytest.param(PLAIN, id="mmdet's own"),
    pytest.param(dict(mask_head='NoiseTolerantMaskHead'), id='noise-tolerant: a second round'),
    pytest.param(dict(class_agnostic=True), id='class-agnostic masks'),
    pytest.param(dict(num_classes=1), id='one class'),
    pytest.param(dict(shared_extractor=True), id='shared RoI features'),
]
FOUR = [View((96, 64)), View((96, 64), True), View((64, 48), True), View((130, 90))]


def picture(height=44, width=60):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


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


def paste(detections, shape):
    masks = torch.zeros(len(detections), *shape, dtype=torch.bool)
    for i, box in enumerate(detections.boxes):
        masks[i] = _do_paste_mask(detections.mask_probs[i:i + 1, None], box[None], *shape,
                                  skip_empty=False)[0][0] >= 0.5
    return masks


@pytest.mark.parametrize('settings', HEADS)
@pytest.mark.parametrize('scale', [(64, 64), (96, 77)])
def test_one_view_gives_mmdets_own_results(settings, scale):
    detector, image = detector_of(**settings), picture()
    ours = predict(detector, image, make_views('none', scale))
    batch, = view_batches(image, group_views(make_views('none', scale)),
                          detector.data_preprocessor)
    with torch.no_grad():
        theirs = detector.predict(*batch)[0].pred_instances
    assert len(ours) == len(theirs) > 0
    assert torch.equal(ours.labels, theirs.labels)
    assert torch.allclose(ours.scores, theirs.scores, atol=1e-6)
    assert torch.allclose(ours.boxes, theirs.bboxes, atol=1e-3)
    assert (paste(ours, image.shape[:2]) == theirs.masks).float().mean() > 0.9999
    assert theirs.masks.any() and not theirs.masks.all()


@pytest.mark.parametrize('settings', HEADS)
@pytest.mark.parametrize('views', [FOUR[:2], FOUR, make_views('paper', (72, 56))], ids=len)
def test_the_merge_is_the_released_ones(settings, views):
    detector, image = detector_of(**settings), picture()
    ours = predict(detector, image, views)
    with torch.no_grad():
        boxes, scores, labels, masks = tta_merge.predict(detector, image, views, 0.05, 10)
    assert len(ours) == len(scores) > 0
    assert np.array_equal(ours.labels, labels)
    assert np.allclose(ours.scores, scores, atol=1e-5)
    assert np.allclose(ours.boxes, boxes, atol=1e-2)
    assert np.allclose(ours.mask_probs, masks, atol=1e-2) and masks.std() > 0.1


def test_views_count():
    detector = detector_of()
    one, four = (predict(detector, picture(), views) for views in (FOUR[:1], FOUR))
    assert len(one) != len(four) or not torch.allclose(one.scores, four.scores, atol=1e-3)


def test_a_symmetric_image_has_a_symmetric_result():
    """Without NMS, which would choose between two mirrored boxes of the same score."""
    detector = detector_of()
    for cfg in (detector.rpn_head.test_cfg, detector.roi_head.test_cfg):
        cfg.nms.iou_threshold = 1.0
    detector.rpn_head.test_cfg.max_per_img = detector.rpn_head.test_cfg.nms_pre = 10000
    half = picture(48, 32)
    image = np.concatenate([half, half[:, ::-1]], 1)
    ours = predict(detector, image, make_views('fast', (48, 36)), 0.05, 10000)
    mirrored = torch.stack([64 - ours.boxes[:, 2], ours.boxes[:, 1], 64 - ours.boxes[:, 0],
                            ours.boxes[:, 3]], 1)
    assert len(ours) > 10
    distance = (mirrored[:, None] - ours.boxes).abs().amax(2)
    distance += 100.0 * (ours.labels[:, None] != ours.labels)
    nearest, twin = (distance + (ours.scores[:, None] - ours.scores).abs()).min(1)
    assert nearest.max() < 1e-2
    assert torch.allclose(ours.mask_probs[twin].flip(-1), ours.mask_probs, atol=1e-2)
    assert not torch.equal(twin, torch.arange(len(ours)))


@pytest.mark.parametrize('views', [FOUR[:1], FOUR], ids=len)
@pytest.mark.parametrize('proposals, score_thr', [
    pytest.param(0, 0.0, id='no proposal'),
    pytest.param(20, 1.0, id='no detection'),
])
@pytest.mark.parametrize('settings', [{}, PLAIN, dict(mask_head='NoiseTolerantMaskHead'),
                                      dict(class_agnostic=True)])
def test_nothing_found(views, proposals, score_thr, settings):
    detector = detector_of(**settings)
    detector.rpn_head.test_cfg.max_per_img = proposals
    ours = predict(detector, picture(), views, score_thr)
    assert len(ours) == 0 and ours.boxes.shape == (0, 4) and ours.mask_probs.shape == (0, 28, 28)
    assert ours.labels.dtype == torch.long


@pytest.mark.parametrize('size', [(1, 1), (7, 300), (300, 5), (64, 64), (33, 97)])
def test_any_size(size):
    ours = predict(detector_of(), picture(*size), FOUR, 0.0)
    assert ours.boxes.isfinite().all() and ours.mask_probs.isfinite().all()
    assert (ours.boxes >= -1e-3).all()
    assert (ours.boxes[:, 2] <= size[1] + 1e-3).all() and (ours.boxes[:, 3] <= size[0] + 1e-3).all()
    assert ((ours.mask_probs >= 0) & (ours.mask_probs <= 1)).all()


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
@pytest.mark.parametrize('settings', [{}, PLAIN, dict(mask_head='NoiseTolerantMaskHead')])
def test_autocast(dtype, settings):
    with torch.autocast('cpu', dtype=dtype):
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


def test_eval_mode_and_no_gradient():
    detector = detector_of().train()
    ours = predict(detector, picture(), FOUR)
    assert not detector.training
    assert not any(value.requires_grad for value in (ours.boxes, ours.scores, ours.mask_probs))


def test_the_number_of_detections_is_limited():
    detector = detector_of()
    many, few = (predict(detector, picture(), FOUR, 0.0, count) for count in (50, 3))
    assert len(many) > len(few) == 3
    assert torch.equal(many.scores[:3], few.scores)
    assert (many.scores[1:] <= many.scores[:-1]).all()


@pytest.mark.parametrize('classes, agnostic', [(5, False), (1, False), (5, True)])
def test_the_class_is_taken_before_the_masks_are_merged(classes, agnostic):
    logits = torch.randn(6, 4, 1 if agnostic else classes, 8, 8)
    labels, flips = torch.randint(classes, (4, )), [False, True] * 3
    ours = mean_class_masks(iter(logits), labels, flips)
    assert np.allclose(ours, tta_merge.mean_masks(logits, labels, flips), atol=1e-6)


def test_the_benchmarks_two_ways_agree():
    (labels, ours), (_, theirs) = (
        merge() for merge in tta_merge.mask_merging(10, 7, 28, 4).values())
    assert labels.shape == (10, ) and torch.allclose(ours, theirs, atol=1e-6)


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
