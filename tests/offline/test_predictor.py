"""Which predictor a model gets, and which models get none."""

from unittest.mock import Mock

import pytest
import torch
from mmdet.registry import MODELS
from toy import toy_detector, toy_model
from toy_knet import knet_config
from toy_mask_rcnn import toy_mask_rcnn
from toy_offline import picture
from toy_pais import toy_pais

from mmssis.offline.mask_predictor import MaskPredictor
from mmssis.offline.predictor import build_predictor
from mmssis.offline.tta_views import make_views, test_padding, test_scale
from mmssis.offline.two_stage_predictor import TwoStagePredictor

VIEWS = make_views('fast', (64, 64))


def test_a_model_whose_pipeline_pads_labels_images_of_any_shape():
    pipeline = [dict(type='Resize', scale=(64, 64), keep_ratio=True),
                dict(type='Pad', size=(96, 96), pad_val=dict(img=(114, 114, 114)))]
    views = make_views('fast', test_scale(pipeline), test_padding(pipeline))
    cfg = toy_detector()
    cfg.panoptic_head.update(type='Mask2FormerHead', num_stuff_classes=0)
    predictor = build_predictor(MODELS.build(cfg), views, score_thr=0.0)
    predictor.detector.predict = Mock(wraps=predictor.detector.predict)
    detections = predictor(picture(43, 64))
    inputs, _ = predictor.detector.predict.call_args.args
    assert inputs.shape[2:] == (96, 96) and len(detections) > 0
    # Inside the image, and so of none of its padding.
    assert (detections.boxes[:, 2:] <= torch.tensor([64, 43])).all()


def without_masks():
    cfg = toy_mask_rcnn(type='FasterRCNN', roi_head='StandardRoIHead')
    for name in ('mask_head', 'mask_roi_extractor'):
        cfg.roi_head.pop(name)
    return cfg


def without_rpn():
    cfg = toy_mask_rcnn(type='FastRCNN', roi_head='StandardRoIHead', mask_head='FCNMaskHead')
    cfg.pop('rpn_head')
    return cfg


@pytest.mark.parametrize('config, kind', [
    pytest.param(toy_mask_rcnn, TwoStagePredictor, id='Mask R-CNN of mmssis'),
    pytest.param(lambda: toy_mask_rcnn(type='MaskRCNN', roi_head='StandardRoIHead',
                                       mask_head='FCNMaskHead'), TwoStagePredictor,
                 id="mmdet's Mask R-CNN"),
    pytest.param(toy_detector, MaskPredictor, id='Mask2Former'),
    pytest.param(knet_config, MaskPredictor, id='K-Net'),
    pytest.param(toy_model, MaskPredictor, id='PL-DC around Mask2Former'),
    pytest.param(lambda: toy_pais('mask-rcnn'), TwoStagePredictor, id='PAIS around Mask R-CNN'),
])
def test_the_predictor_of_a_model(config, kind):
    torch.manual_seed(0)
    model = MODELS.build(config())
    model.init_weights()
    predictor = build_predictor(model, VIEWS, score_thr=0.001)
    assert type(predictor) is kind
    detections = predictor(picture())
    assert len(detections) > 0 and (detections.scores > 0.001).all()
    assert detections.boxes.dtype == detections.mask_probs.dtype == torch.float32


@pytest.mark.parametrize('branch, kind', [('teacher', 'mask-rcnn'), ('student', 'knet')])
def test_a_semi_supervised_model_gives_the_branch_that_predicts(branch, kind):
    torch.manual_seed(0)
    cfg = toy_pais(kind, predict_on=branch)
    # As in a config that says how to normalise once, for the whole model.
    cfg.detector.pop('data_preprocessor')
    model = MODELS.build(cfg)
    predictor = build_predictor(model, VIEWS, 0.001)
    assert predictor.detector is getattr(model, branch)
    alone = toy_pais(kind).detector
    detector = MODELS.build(alone)
    detector.load_state_dict(getattr(model, branch).state_dict())
    ours, theirs = predictor(picture()), build_predictor(detector, VIEWS, 0.001)(picture())
    assert len(ours) == len(theirs) > 0
    assert torch.allclose(ours.scores, theirs.scores, atol=1e-5)


def semi_without_masks():
    cfg = toy_pais('mask-rcnn')
    cfg.detector, cfg.type = without_masks(), 'SemiInstanceSegmentor'
    cfg.pop('teacher_background', None)
    return cfg


@pytest.mark.parametrize('config, message', [
    pytest.param(semi_without_masks, 'FasterRCNN predicts no instance masks', id='boxes, semi'),
    pytest.param(without_masks, 'FasterRCNN predicts no instance masks', id='boxes only'),
    pytest.param(without_rpn, 'FastRCNN needs proposals of another model', id='no RPN'),
])
def test_models_that_cannot_label(config, message):
    with pytest.raises(TypeError, match=message):
        build_predictor(MODELS.build(config()), VIEWS)


@pytest.mark.parametrize('settings, message', [
    pytest.param(dict(score_thr=-0.1), 'score_thr = -0.1: give', id='below 0'),
    pytest.param(dict(max_per_image=0), 'max_per_image = 0: give', id='no detection allowed'),
    pytest.param(dict(views=[]), 'no view is given', id='no view'),
])
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        build_predictor(MODELS.build(toy_mask_rcnn()), **dict(dict(views=VIEWS), **settings))
