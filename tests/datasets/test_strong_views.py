"""Strong views: pixels change, geometry and annotations do not."""

import inspect

import cv2
import numpy as np
import pytest
from mmdet.structures.mask import BitmapMasks

from mmssis.datasets.samplers import seeded_rng
from mmssis.datasets.transforms import RandomNoiseErasing, StrongPhotometric

IMAGE = cv2.GaussianBlur(
    np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8), (5, 5), 2)


def sample():
    return dict(
        img=IMAGE.copy(), img_shape=(40, 60), gt_masks=BitmapMasks(np.ones((1, 40, 60)), 40, 60),
        gt_bboxes=np.array([[1., 2, 3, 4]]), homography_matrix=np.eye(3))


def apply(transform, seed=0):
    with seeded_rng(seed):
        return transform(sample())


@pytest.mark.parametrize('kind', [StrongPhotometric, RandomNoiseErasing])
def test_changes_pixels_only(kind):
    before, after = sample(), apply(kind(), seed=1)
    assert after['img'].shape == IMAGE.shape and after['img'].dtype == np.uint8
    assert after['img'].flags['C_CONTIGUOUS'] and (after['img'] != IMAGE).any()
    assert after.keys() == before.keys() and after['img_shape'] == (40, 60)
    assert (after['gt_masks'].masks == before['gt_masks'].masks).all()
    assert (after['gt_bboxes'] == before['gt_bboxes']).all()
    assert (after['homography_matrix'] == np.eye(3)).all()


@pytest.mark.parametrize('kind', [StrongPhotometric, RandomNoiseErasing])
def test_leaves_the_array_it_was_given(kind):
    data = sample()
    given = data['img']
    kind()(data)
    assert (given == IMAGE).all()


@pytest.mark.parametrize('kind', [StrongPhotometric, RandomNoiseErasing])
def test_is_decided_by_the_seed(kind):
    assert (apply(kind(), 3)['img'] == apply(kind(), 3)['img']).all()
    assert (apply(kind(), 3)['img'] != apply(kind(), 4)['img']).any()


OFF = dict(jitter_prob=0, gray_prob=0, blur_prob=0)


def test_no_probability_no_change():
    assert (apply(StrongPhotometric(**OFF))['img'] == IMAGE).all()
    assert (apply(RandomNoiseErasing(probs=(0, 0, 0)))['img'] == IMAGE).all()


def test_gray_is_that_of_bgr():
    image = apply(StrongPhotometric(**{**OFF, 'gray_prob': 1}))['img'].astype(int)
    expected = cv2.cvtColor(IMAGE, cv2.COLOR_BGR2GRAY).astype(int)
    assert (image == image[..., :1]).all() and abs(image[..., 0] - expected).max() <= 1


def test_blur_is_gaussian():
    transform = StrongPhotometric(**{**OFF, 'blur_prob': 1}, blur_sigma=(2, 2))
    expected = cv2.GaussianBlur(IMAGE, (13, 13), 2).astype(int)
    assert abs(apply(transform)['img'].astype(int) - expected).max() <= 1


def test_hue_alone_keeps_the_value_channel():
    transform = StrongPhotometric(0, 0, 0, 0.1, jitter_prob=1, gray_prob=0, blur_prob=0)
    image = apply(transform)['img'].astype(int)
    assert abs(image.max(-1) - IMAGE.astype(int).max(-1)).max() <= 2
    assert (image != IMAGE).any()


def test_erased_share_and_shape():
    transform = RandomNoiseErasing((1, ), ((0.1, 0.1), ), ((2, 2), ))
    image = np.full((400, 400, 3), 7, np.uint8)
    with seeded_rng(0):
        erased = (transform(dict(img=image))['img'] != 7).any(-1)
    rows, columns = np.flatnonzero(erased.any(1)), np.flatnonzero(erased.any(0))
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert erased.mean() == pytest.approx(0.1, rel=0.02)
    assert height / width == pytest.approx(2, rel=0.02)


def test_noise_is_uniform():
    transform = RandomNoiseErasing((1, ), ((0.9, 0.9), ), ((1, 1), ))
    with seeded_rng(0):
        image = transform(dict(img=np.zeros((200, 200, 3), np.uint8)))['img']
    noise = image[image.any(-1)]
    counts = np.bincount(noise.ravel(), minlength=256)
    assert counts.min() > 0 and counts.max() < 2 * counts.mean()


@pytest.mark.parametrize('shape', [(1, 1, 3), (1, 50, 3), (2, 2, 3)])
@pytest.mark.parametrize('kind', [StrongPhotometric, RandomNoiseErasing])
def test_tiny_images(kind, shape):
    for seed in range(5):
        with seeded_rng(seed):
            assert kind()(dict(img=np.zeros(shape, np.uint8)))['img'].shape == shape


def test_defaults_are_the_paper_s():
    """PL-DC Tab. III, with the corrections of ratios and blur."""
    defaults = {k: p.default for kind in (StrongPhotometric, RandomNoiseErasing)
                for k, p in inspect.signature(kind).parameters.items()}
    assert defaults == dict(
        brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, jitter_prob=0.8, gray_prob=0.2,
        blur_prob=0.5, blur_sigma=(0.1, 2.0), probs=(0.7, 0.5, 0.3),
        scales=((0.05, 0.2), (0.02, 0.2), (0.02, 0.2)), ratios=((0.3, 3.3), (0.1, 6), (0.05, 8)))


@pytest.mark.parametrize('kind, settings, message', [
    pytest.param(StrongPhotometric, dict(jitter_prob=2), 'jitter_prob', id='prob'),
    pytest.param(StrongPhotometric, dict(blur_sigma=(0, 1)), 'blur_sigma', id='sigma_0'),
    pytest.param(StrongPhotometric, dict(blur_sigma=(2, 1)), 'blur_sigma', id='sigma_order'),
    pytest.param(RandomNoiseErasing, dict(probs=(0.5, )), 'equal length', id='lengths'),
    pytest.param(RandomNoiseErasing, dict(probs=(2, 0, 0)), r'probs\[0\]', id='erase_prob'),
    pytest.param(RandomNoiseErasing, dict(scales=((0.1, 0.2), (0.1, 1.5), (0.1, 0.2))),
                 r'scales\[1\]', id='scale'),
    pytest.param(RandomNoiseErasing, dict(ratios=((1, 2), (3, 2), (1, 2))), r'ratios\[1\]',
                 id='ratio'),
])
def test_wrong_settings_are_named(kind, settings, message):
    with pytest.raises(ValueError, match=message):
        kind(**settings)


@pytest.mark.parametrize('image', [np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), np.uint8)])
def test_normalised_or_flat_images_are_refused(image):
    with pytest.raises(TypeError, match='uint8'):
        StrongPhotometric()(dict(img=image))
