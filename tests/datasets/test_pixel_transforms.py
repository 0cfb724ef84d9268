"""What holds for all transforms of pixels alone."""

import numpy as np
import pytest
from mmdet.structures.mask import BitmapMasks
from toy_data import smooth_image

from mmssis.datasets.samplers import seeded_rng
from mmssis.datasets.transforms import (OneOfColor, OneOfDistortion, RandomNoiseErasing,
                                        StrongPhotometric, one_of_color, one_of_distortion)

IMAGE = smooth_image()
KINDS = [StrongPhotometric, RandomNoiseErasing, OneOfColor, OneOfDistortion]
every_kind = pytest.mark.parametrize('kind', KINDS)
EVERY_CHANGE = [
    StrongPhotometric(), RandomNoiseErasing(),
    *(OneOfColor((name, ), (2, 2)) for name in one_of_color.OPERATIONS if name != 'identity'),
    *(OneOfDistortion(1, {name: 1}) for name in one_of_distortion.OPERATIONS)]


def sample():
    return dict(
        img=IMAGE.copy(), img_shape=(40, 60), gt_masks=BitmapMasks(np.ones((1, 40, 60)), 40, 60),
        gt_bboxes=np.array([[1., 2, 3, 4]]), homography_matrix=np.eye(3))


@pytest.mark.parametrize('transform', EVERY_CHANGE, ids=repr)
def test_changes_pixels_only(transform):
    before, given = sample(), sample()
    image = given['img']
    with seeded_rng(3):
        after = transform(given)
    assert after['img'].shape == IMAGE.shape and after['img'].dtype == np.uint8
    assert after['img'].flags['C_CONTIGUOUS'] and after['img'].flags['WRITEABLE']
    assert (after['img'] != IMAGE).any() and (image == IMAGE).all()
    assert after.keys() == before.keys() and after['img_shape'] == (40, 60)
    assert (after['gt_masks'].masks == before['gt_masks'].masks).all()
    assert (after['gt_bboxes'] == before['gt_bboxes']).all()
    assert (after['homography_matrix'] == np.eye(3)).all()


@every_kind
def test_is_decided_by_the_seed(kind):
    images = []
    for seed in (3, 3, 4):
        with seeded_rng(seed):
            images.append(np.stack([kind()(sample())['img'] for _ in range(20)]))
    assert (images[0] == images[1]).all() and (images[0] != images[2]).any()


@pytest.mark.parametrize('shape', [(1, 1, 3), (1, 50, 3)])
def test_tiny_images(shape):
    for transform in EVERY_CHANGE:
        with seeded_rng(0):
            assert transform(dict(img=np.full(shape, 7, np.uint8)))['img'].shape == shape


@pytest.mark.parametrize('image', [np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), np.uint8)])
@pytest.mark.parametrize('kind', [StrongPhotometric, OneOfColor, OneOfDistortion])
def test_normalised_or_flat_images_are_refused(kind, image):
    with pytest.raises(TypeError, match='uint8'):
        kind()(dict(img=image))


@pytest.mark.parametrize('kind, settings, message', [
    pytest.param(StrongPhotometric, dict(jitter_prob=2), 'jitter_prob', id='probability'),
    pytest.param(StrongPhotometric, dict(blur_sigma=(2, 1)), 'blur_sigma', id='sigma, order'),
    pytest.param(RandomNoiseErasing, dict(probs=(0.5, )), 'equal length', id='lengths'),
    pytest.param(RandomNoiseErasing, dict(probs=(2, 0, 0)), r'probs\[0\]', id='erasing'),
    pytest.param(RandomNoiseErasing, dict(scales=((0.1, 0.2), (0.1, 1.5), (0.1, 0.2))),
                 r'scales\[1\]', id='scale'),
    pytest.param(RandomNoiseErasing, dict(ratios=((1, 2), (3, 2), (1, 2))), r'ratios\[1\]',
                 id='ratio'),
    pytest.param(OneOfColor, dict(names=('hue', )), 'hue', id='unknown color'),
    pytest.param(OneOfColor, dict(names=()), 'one or more', id='no color'),
    pytest.param(OneOfColor, dict(levels=(1, 10)), r'\(1, 10\)', id='level 10'),
    pytest.param(OneOfColor, dict(levels=(5, 3)), 'low <= high', id='levels, order'),
    pytest.param(OneOfDistortion, dict(prob=1.5), '1.5', id='probability above 1'),
    pytest.param(OneOfDistortion, dict(weights=dict(rain=1)), r"\['rain'\]", id='unknown'),
    pytest.param(OneOfDistortion, dict(weights=dict(noise=-1)), 'weights', id='negative'),
    pytest.param(OneOfDistortion, dict(weights=dict(noise=0)), 'weights', id='all weights 0'),
])
def test_wrong_settings_are_named(kind, settings, message):
    with pytest.raises(ValueError, match=message):
        kind(**settings)
