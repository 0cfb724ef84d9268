"""Mask2Former in semantic mode: maps of the original images, losses of mmdet."""

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from reference import semantic_equations
from toy import labeled_sample, toy_detector


def build(num_classes=3, **head):
    detector = toy_detector(num_classes)
    detector.type = 'SemanticMask2Former'
    detector.panoptic_head.update(head)
    torch.manual_seed(0)
    return MODELS.build(detector)


def with_logits(model, cls_logits, mask_logits):
    """Let the head say this of images."""
    model.extract_feat = lambda images: images
    model.panoptic_head.predict = lambda features, samples: (cls_logits, mask_logits)
    return model


def sample(img_shape, ori_shape):
    return DetDataSample(metainfo=dict(img_shape=img_shape, ori_shape=ori_shape))


@pytest.mark.parametrize('img_shape', [
    pytest.param((8, 12), id='whole input'),
    pytest.param((5, 9), id='padded'),
    pytest.param((1, 1), id='one pixel'),
])
def test_prediction_is_the_papers_without_padding(img_shape):
    torch.manual_seed(0)
    cls_logits, mask_logits = 4 * torch.randn(2, 6, 4), 4 * torch.randn(2, 6, 8, 12)
    model = with_logits(build(), cls_logits, mask_logits)
    samples = model.predict(torch.zeros(2, 3, 8, 12), [sample(img_shape, img_shape)] * 2, False)
    height, width = img_shape
    for predicted, *image in zip(samples[1:], cls_logits[1:], mask_logits[1:]):
        cropped = image[1][:, :height, :width]
        scores = semantic_equations.semantic_scores(image[0].tolist(), cropped.tolist())
        sem_seg = predicted.pred_sem_seg.sem_seg
        assert sem_seg.dtype == torch.int64 and sem_seg.shape == (1, *img_shape)
        assert sem_seg[0].tolist() == semantic_equations.semantic_map(scores)


def test_maps_have_the_size_of_the_original_image_and_stay_in_place():
    mask_logits = torch.full((1, 1, 8, 12), -9.0)
    mask_logits[..., 2:4, 3:6] = 9
    cls_logits = torch.tensor([[[-9.0, 9, -9, -9]]])
    model = with_logits(build(), cls_logits, mask_logits)
    predicted, = model.predict(torch.zeros(1, 3, 8, 12), [sample((6, 10), (24, 40))])
    expected = torch.full((24, 40), 255)
    expected[8:16, 12:24] = 1
    different = predicted.pred_sem_seg.sem_seg[0] != expected
    # Rescaling may round the corners.
    assert different.sum() <= 4 and not different[9:15].any() and not different[:, 13:23].any()


def test_an_image_of_no_object_is_background():
    cls_logits = torch.full((1, 6, 4), -20.0)
    cls_logits[..., -1] = 20
    model = with_logits(build(), cls_logits, torch.full((1, 6, 8, 8), 9.0))
    predicted, = model.predict(torch.zeros(1, 3, 8, 8), [sample((8, 8), (8, 8))])
    assert (predicted.pred_sem_seg.sem_seg == 255).all()


def test_the_real_head_predicts_and_learns():
    model = build()
    samples = [labeled_sample(), labeled_sample(labels=())]
    images = torch.randn(2, 3, 64, 64)
    losses = model.loss(images, samples)
    assert torch.isfinite(sum(value for name, value in losses.items() if 'loss' in name))
    predicted = model.eval().predict(images, samples)
    assert all(item.pred_sem_seg.sem_seg.shape == (1, 64, 64) for item in predicted)
    assert 'pred_instances' not in predicted[0]


@pytest.mark.parametrize('num_classes', [1, 256])
def test_numbers_of_classes_that_the_metric_miscounts_are_refused(num_classes):
    with pytest.raises(ValueError, match=f'has {num_classes} classes.*2 to 255'):
        build(num_classes)


def test_a_head_with_mask_ious_is_refused():
    with pytest.raises(TypeError, match='use WeightedMask2FormerHead'):
        build(type='MaskIoUMask2FormerHead')
