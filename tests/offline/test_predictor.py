"""Which predictor a model gets, and which models get none."""

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from models.knet.toy_knet import knet_config
from models.roi_heads.toy_mask_rcnn import toy_mask_rcnn
from toy import toy_detector, toy_model
from toy_pais import toy_pais

from mmssis.offline.mask_predictor import MaskPredictor
from mmssis.offline.predictor import build_predictor
from mmssis.offline.tta_views import View, make_views, test_padding, test_scale
from mmssis.offline.two_stage_predictor import TwoStagePredictor

VIEWS = make_views('fast', (64, 64))


def picture():
    return np.random.default_rng(0).integers(0, 256, (44, 60, 3), dtype=np.uint8)


def cascade():
    """A Cascade Mask R-CNN of two stages."""
    cfg = toy_mask_rcnn(type='CascadeRCNN', roi_head='CascadeRoIHead', mask_head='FCNMaskHead')
    cfg.roi_head.update(num_stages=2, stage_loss_weights=[1, 1])
    cfg.train_cfg.rcnn = [cfg.train_cfg.rcnn] * 2
    for name in ('bbox_head', 'mask_head', 'bbox_roi_extractor', 'mask_roi_extractor'):
        cfg.roi_head[name] = [cfg.roi_head[name]] * 2
    return cfg


def rtmdet_ins():
    """A small one; all padding is left to the test pipeline, as in mmdet's configs."""
    return ConfigDict(
        type='RTMDet',
        data_preprocessor=dict(type='DetDataPreprocessor', mean=[0] * 3, std=[255] * 3,
                               batch_augments=None),
        backbone=dict(type='CSPNeXt', arch='P5', deepen_factor=0.167, widen_factor=0.125,
                      norm_cfg=dict(type='BN'), act_cfg=dict(type='SiLU')),
        neck=dict(type='CSPNeXtPAFPN', in_channels=[32, 64, 128], out_channels=24,
                  num_csp_blocks=1, norm_cfg=dict(type='BN'), act_cfg=dict(type='SiLU')),
        bbox_head=dict(
            type='RTMDetInsSepBNHead', num_classes=2, in_channels=24, feat_channels=24,
            stacked_convs=1, share_conv=True, pred_kernel_size=1, act_cfg=dict(type='SiLU'),
            norm_cfg=dict(type='BN'),
            anchor_generator=dict(type='MlvlPointGenerator', offset=0, strides=[8, 16, 32]),
            bbox_coder=dict(type='DistancePointBBoxCoder'),
            loss_cls=dict(type='QualityFocalLoss', use_sigmoid=True),
            loss_bbox=dict(type='GIoULoss'), loss_mask=dict(type='DiceLoss')),
        test_cfg=dict(nms_pre=100, min_bbox_size=0, score_thr=0.0, max_per_img=10,
                      mask_thr_binary=0.0, nms=dict(type='nms', iou_threshold=0.6)))


def test_a_model_whose_pipeline_pads_labels_images_of_any_shape():
    torch.manual_seed(0)
    pipeline = [dict(type='Resize', scale=(640, 640), keep_ratio=True),
                dict(type='Pad', size=(640, 640), pad_val=dict(img=(114, 114, 114)))]
    views = make_views('fast', test_scale(pipeline), test_padding(pipeline))
    predictor = build_predictor(MODELS.build(rtmdet_ins()), views, score_thr=0.0)
    seen = []
    predict = predictor.detector.predict
    predictor.detector.predict = lambda *args, **kwargs: seen.append(
        predict(*args, **kwargs)) or seen[-1]
    image = np.random.default_rng(0).integers(0, 256, (427, 640, 3), dtype=np.uint8)
    detections = predictor(image)
    assert seen[0][0].pred_instances.masks.shape[1:] == (427, 640)
    # Without a mask threshold every mask is the whole image, and none of its padding.
    assert (detections.boxes == torch.tensor([0, 0, 640, 427])).all() and len(detections) > 0


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
    pytest.param(lambda: toy_mask_rcnn(mask_head='NoiseTolerantMaskHead'), TwoStagePredictor,
                 id='noise-tolerant'),
    pytest.param(lambda: toy_mask_rcnn(type='MaskRCNN', roi_head='StandardRoIHead',
                                       mask_head='FCNMaskHead'), TwoStagePredictor,
                 id="mmdet's Mask R-CNN"),
    pytest.param(cascade, MaskPredictor, id='Cascade Mask R-CNN by its results'),
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


def test_the_defaults():
    predictor = build_predictor(MODELS.build(toy_mask_rcnn()), VIEWS)
    assert (predictor.score_thr, predictor.max_per_image) == (0.05, 100)


@pytest.mark.parametrize('branch', ['teacher', 'student'])
@pytest.mark.parametrize('kind', ['mask-rcnn', 'knet'])
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


@pytest.mark.parametrize('config, message', [
    pytest.param(without_masks, 'FasterRCNN predicts no instance masks', id='boxes only'),
    pytest.param(without_rpn, 'FastRCNN needs proposals of another model', id='no RPN'),
])
def test_models_that_cannot_label(config, message):
    with pytest.raises(TypeError, match=message):
        build_predictor(MODELS.build(config()), VIEWS)


def test_a_semi_supervised_model_without_masks_is_refused_by_its_detectors_name():
    cfg = toy_pais('mask-rcnn')
    cfg.detector, cfg.type = without_masks(), 'SemiInstanceSegmentor'
    cfg.pop('teacher_background')
    with pytest.raises(TypeError, match='FasterRCNN predicts no instance masks'):
        build_predictor(MODELS.build(cfg), VIEWS)


def test_no_detector_at_all():
    with pytest.raises(TypeError, match='ResNet predicts no instance masks'):
        model = MODELS.build(toy_detector().backbone)
        model.data_preprocessor = None
        build_predictor(model, VIEWS)


@pytest.mark.parametrize('settings, message', [
    pytest.param(dict(score_thr=-0.1), 'score_thr = -0.1: give', id='below 0'),
    pytest.param(dict(score_thr=float('nan')), 'score_thr = nan', id='not a number'),
    pytest.param(dict(max_per_image=0), 'max_per_image = 0: give', id='no detection allowed'),
    pytest.param(dict(views=[]), 'no view is given', id='no view'),
    pytest.param(dict(views=[View((9, 9))] * 2), 'given twice', id='a view twice'),
])
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        build_predictor(MODELS.build(toy_mask_rcnn()), **dict(dict(views=VIEWS), **settings))
