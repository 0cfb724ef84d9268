"""Views of an image: presets, inputs, and the way of boxes and masks there and back."""

import mmcv
import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmdet.models.data_preprocessors import DetDataPreprocessor
from mmdet.registry import TRANSFORMS
from toy_offline import picture

from mmssis.offline.padding import Padding, read_padding
from mmssis.offline.tta_views import (COCO_PAPER_SCALES, View, group_views, make_views,
                                      test_padding, test_scale, to_image, to_view, view_batches)

PREPROCESSOR = DetDataPreprocessor(mean=[10.0, 20.0, 30.0], std=[2.0, 4.0, 8.0], bgr_to_rgb=True,
                                   pad_size_divisor=32)


def batches_of(image, views):
    return list(view_batches(image, group_views(views), PREPROCESSOR))


@pytest.mark.parametrize('preset, scale, views', [
    pytest.param('none', (1333, 800), [View((1333, 800))], id='plain inference'),
    pytest.param('none', (800, 1333), [View((1333, 800))], id='short side first'),
    pytest.param('fast', (96, 64), [View((96, 64)), View((96, 64), True)], id='and its flip'),
])
def test_presets(preset, scale, views):
    assert make_views(preset, scale) == views


def test_the_paper_preset_of_another_scale_has_the_same_ratios():
    assert make_views('paper', (1333, 800)) == [
        View(scale, flip) for scale in COCO_PAPER_SCALES for flip in (False, True)]
    views = make_views('paper', (2048, 1024))
    assert len(views) == 18 and len(group_views(views)) == 9
    assert views[0] == View((1024, 512)) and views[-1] == View((3072, 1536), True)
    assert views[8] == View((2048, 1024))
    # COCO's list is that of the ratios, up to a pixel.
    ours = [view.scale for view in make_views('paper', (1334, 800))[::2]]
    assert np.abs(np.array(ours) - np.array(COCO_PAPER_SCALES)).max() <= 1


@pytest.mark.parametrize('preset, scale, message', [
    pytest.param('slow', (1333, 800), "preset = 'slow': give one of", id='unknown'),
    pytest.param('fast', (0, 800), 'give .long, short. in pixels', id='no pixels'),
])
def test_wrong_presets(preset, scale, message):
    with pytest.raises(ValueError, match=message):
        make_views(preset, scale)


def test_an_image_and_its_flip_share_a_batch_wherever_they_stand():
    views = [View((96, 64)), View((48, 32)), View((96, 64), True)]
    batches = batches_of(picture(), views)
    assert [len(images) for images, _ in batches] == [2, 1]
    assert [sample.flip for sample in batches[0][1]] == [False, True]


def resize(**settings):
    return [dict(type='Resize', **settings)]


def test_scale_of_a_pipeline():
    for scale in ((1333, 800), (800, 1333)):
        assert test_scale(resize(scale=scale, keep_ratio=True)) == (1333, 800)
    for pipeline, message in (
            ([], 'give it one Resize'), (resize(scale_factor=2.0), 'give it one Resize'),
            (resize(scale=(64, 64)), 'set keep_ratio=True')):
        with pytest.raises(ValueError, match=message):
            test_scale(pipeline)


@pytest.mark.parametrize('size, scale', [((61, 37), (33, 33)), ((1, 1), (96, 64)),
                                         ((200, 6), (96, 64))])
def test_inputs_and_metainfo_are_those_of_mmdets_test_pipeline(size, scale):
    """Any size of image, padded to the model's divisor."""
    image = picture(*size)
    (images, samples), = batches_of(image, [View(scale)])
    pipeline = Compose([TRANSFORMS.build(dict(type='Resize', scale=scale, keep_ratio=True)),
                        TRANSFORMS.build(dict(type='PackDetInputs', meta_keys=(
                            'ori_shape', 'img_shape', 'scale_factor')))])
    data = pipeline(dict(img=image, img_shape=size, ori_shape=size))
    expected = PREPROCESSOR(dict(inputs=[data['inputs']], data_samples=[data['data_samples']]))
    assert torch.equal(images, expected['inputs'])
    assert images.shape[2] % 32 == 0 and images.shape[3] % 32 == 0
    for name, value in expected['data_samples'][0].metainfo.items():
        assert tuple(samples[0].metainfo[name]) == tuple(value), name


GREY = dict(img=(114, 114, 114))


@pytest.mark.parametrize('pad', [
    pytest.param(dict(size=(112, 96), pad_val=GREY), id='size: width, height'),
    pytest.param(dict(size_divisor=50), id='divisor'),
    pytest.param(dict(pad_to_square=True, pad_val=3), id='square'),
    pytest.param(dict(pad_to_square=True, size_divisor=25), id='square of a divisor'),
])
def test_the_view_of_the_test_scale_is_padded_as_mmdet_pads(pad, size=(61, 37)):
    image, plain = picture(*size), DetDataPreprocessor()
    step = dict(type='Pad', **pad)
    view, = make_views('none', (96, 64), read_padding(step))
    (images, (sample, )), = view_batches(image, group_views([view]), plain)
    pipeline = Compose([TRANSFORMS.build(dict(type='Resize', scale=(96, 64), keep_ratio=True)),
                        TRANSFORMS.build(step)])
    expected = pipeline(dict(img=image, img_shape=size))['img'].transpose(2, 0, 1)
    assert torch.equal(images[0], torch.from_numpy(expected).float())
    assert sample.img_shape == mmcv.imrescale(image, (96, 64)).shape[:2]


def test_views_of_other_scales_are_padded_to_what_networks_take():
    views = make_views('paper', (96, 96), Padding(size=(96, 96), value=(114, 114, 114)))
    for view in views:
        (images, _), = view_batches(picture(40, 61), [[view]], DetDataPreprocessor())
        assert min(images.shape[2:]) >= 96 and not any(side % 32 for side in images.shape[2:])
    sizes = {view.padding.canvas(*[round(side * 50 / 96) for side in view.scale])
             for view in make_views('paper', (96, 96), Padding(square=True))}
    assert all(height == width for height, width in sizes)


def test_a_flip_is_padded_at_the_same_sides():
    views = make_views('fast', (64, 64), Padding(size=(96, 96), value=(1, 2, 3)))
    (images, samples), = view_batches(picture(), group_views(views), DetDataPreprocessor())
    height, width = samples[0].img_shape
    assert torch.equal(images[0, :, :height, :width].flip(-1), images[1, :, :height, :width])
    assert [sample.flip_direction for sample in samples] == [None, 'horizontal']
    assert (images[:, :, height:] == torch.tensor([1., 2., 3.]).view(3, 1, 1)).all()


RESIZE = dict(type='Resize', scale=(64, 64), keep_ratio=True)


@pytest.mark.parametrize('pipeline, padding', [
    pytest.param([RESIZE], None, id='none'),
    pytest.param([RESIZE, dict(type='mmdet.Pad', size=(64, 64), pad_val=GREY, _scope_='mmdet'),
                  dict(type='LoadAnnotations', with_mask=True), dict(type='PackDetInputs')],
                 Padding(size=(64, 64), value=(114, 114, 114)), id='RTMDet-Ins'),
])
def test_padding_of_a_pipeline(pipeline, padding):
    assert test_padding(pipeline) == padding


@pytest.mark.parametrize('pipeline, message', [
    pytest.param([RESIZE, dict(type='CenterCrop', crop_size=9)], "steps .'CenterCrop'., which",
                 id='unknown step'),
    pytest.param([RESIZE, dict(type='Pad', size_divisor=32, corner='centre')], 'corner.*alone',
                 id='unknown argument'),
])
def test_pipelines_that_views_cannot_follow(pipeline, message):
    with pytest.raises(ValueError, match=message):
        test_padding(pipeline)


def test_a_thin_image_keeps_a_pixel():
    (images, samples), = batches_of(picture(1000, 1), [View((96, 64))])
    assert samples[0].img_shape == (96, 1) and images.shape == (1, 3, 96, 32)
    assert samples[0].scale_factor == (1.0, 0.096)


@pytest.mark.parametrize('scale, flip', [
    ((96, 64), False), ((31, 31), True), ((400, 300), True)])
def test_boxes_go_there_and_back(scale, flip):
    (_, (sample, )), = batches_of(picture(37, 61), [View(scale, flip)])
    meta, boxes = sample.metainfo, torch.tensor([[0.0, 0.0, 61.0, 37.0], [3.5, 1.0, 20.0, 9.0]])
    there = to_view(boxes, meta)
    height, width = meta['img_shape']
    assert torch.allclose(there[0], torch.tensor([0.0, 0.0, width, height]), atol=1e-4)
    left, right = 3.5 * width / 61, 20.0 * width / 61
    expected = (width - right, width - left) if flip else (left, right)
    assert there[1, 0::2].tolist() == pytest.approx(expected, rel=1e-5)
    assert torch.allclose(to_image(there, meta), boxes, atol=1e-4)
    per_class = to_image(there.repeat(1, 3), meta)
    assert torch.allclose(per_class, boxes.repeat(1, 3), atol=1e-4)
    assert to_image(torch.zeros(0, 12), meta).shape == (0, 12)


@pytest.mark.parametrize('image, error, message', [
    pytest.param(np.zeros((4, 4), np.uint8), ValueError, r'shape \(4, 4\): give \(H, W, 3\)',
                 id='grey'),
    pytest.param(np.zeros((0, 4, 3), np.uint8), ValueError, 'with pixels', id='empty'),
    pytest.param(None, TypeError, 'of NoneType: give a BGR array', id='unreadable'),
])
def test_wrong_images(image, error, message):
    with pytest.raises(error, match=message):
        batches_of(image, [View((9, 9))])
