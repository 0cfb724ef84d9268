"""One distortion of seven, with the ranges of Noisy Boundaries' released config."""

from collections import Counter

import cv2
import numpy as np
import pytest

from mmssis.datasets.samplers import seeded_rng
from mmssis.datasets.transforms import OneOfDistortion
from mmssis.datasets.transforms.one_of_distortion import OPERATIONS, RELEASED_WEIGHTS

IMAGE = cv2.GaussianBlur(
    np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8), (5, 5), 2)


def change(name, image=IMAGE, seed=0):
    with seeded_rng(seed):
        return OneOfDistortion(1, {name: 1})(dict(img=image.copy()))['img']


def pin(monkeypatch, *values):
    """Draw these values one after the other in place of random ones."""
    drawn = iter(values)
    monkeypatch.setattr('mmssis.datasets.transforms.one_of_distortion.uniform',
                        lambda low, high: low + next(drawn) * (high - low))


@pytest.mark.parametrize('name', OPERATIONS)
@pytest.mark.parametrize('shape', [(1, 1, 3), (1, 50, 3), (2, 2, 3)])
def test_tiny_images(name, shape):
    assert change(name, np.full(shape, 7, np.uint8)).shape == shape


@pytest.mark.parametrize('name', OPERATIONS)
def test_changes_pixels_only(name):
    given = dict(img=IMAGE.copy(), homography_matrix=np.eye(3), img_shape=(40, 60))
    before = given['img']
    after = OneOfDistortion(1, {name: 1})(given)
    assert after['img'].shape == IMAGE.shape and after['img'].dtype == np.uint8
    assert after['img'].flags['C_CONTIGUOUS'] and after['img'].flags['WRITEABLE']
    assert (after['img'] != IMAGE).any() and (before == IMAGE).all()
    assert (after['homography_matrix'] == np.eye(3)).all()


@pytest.mark.parametrize('name', ['gaussian_blur', 'box_blur', 'sharpen'])
def test_nothing_moves(name):
    """A dot stays at its place: the result is symmetric about it."""
    dot = np.full((21, 21, 3), 90, np.uint8)
    dot[10, 10] = 130
    for seed in range(20):
        changed = change(name, dot, seed).astype(int)
        assert np.abs(changed - changed[::-1, ::-1]).max() <= 1


def naive_sharpen(image, alpha, lightness):
    """Every pixel and its 8 neighbours, reflected at the border."""
    padded = np.pad(image.astype(float), ((1, 1), (1, 1), (0, 0)), mode='reflect')
    sharp = np.zeros(image.shape)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            window = padded[y:y + 3, x:x + 3]
            centre = window[1, 1]
            around = window.sum((0, 1)) - centre
            sharp[y, x] = (1 - alpha) * centre + alpha * ((8 + lightness) * centre - around)
    return sharp


@pytest.mark.parametrize('place', [0.0, 0.4, 1.0], ids=['lowest', 'between', 'highest'])
@pytest.mark.parametrize('name, naive', [
    pytest.param('sharpen', lambda v: naive_sharpen(IMAGE, v, 0.75 + 0.75 * v), id='sharpen'),
    pytest.param('multiply', lambda v: IMAGE * (0.5 + v), id='multiply'),
    pytest.param('brighten', lambda v: IMAGE * (1.1 + 0.2 * v) + 255 * (0.1 + 0.2 * v),
                 id='brighten'),
    pytest.param('invert', lambda v: 255.0 - IMAGE, id='invert'),
])
def test_equals_the_naive_writing(name, naive, place, monkeypatch):
    pin(monkeypatch, place, place)
    difference = change(name).astype(float) - naive(place).clip(0, 255)
    assert np.abs(difference).max() <= 0.51


def test_noise_has_the_variance_drawn_and_no_bias(monkeypatch):
    gray = np.full((300, 300, 3), 128, np.uint8)
    pin(monkeypatch, 0.8)
    noise = change('noise', gray).astype(float) - 128
    assert noise.var() == pytest.approx(0.8 * 12.75 + 1 / 12, rel=0.02)
    assert abs(noise.mean()) < 0.03
    channels = noise.reshape(-1, 3)
    assert abs(np.corrcoef(channels.T)[0, 1]) < 0.02


def test_brightening_never_darkens():
    assert all((change('brighten', seed=seed) >= IMAGE).all() for seed in range(10))


def test_distortions_are_drawn_by_their_weights(monkeypatch):
    drawn = []
    for name in OPERATIONS:
        monkeypatch.setitem(OPERATIONS, name,
                            lambda image, name=name: drawn.append(name) or image)
    transform, total = OneOfDistortion(), sum(RELEASED_WEIGHTS.values())
    with seeded_rng(0):
        for _ in range(4000):
            transform(dict(img=np.zeros((1, 1, 3), np.uint8)))
    counts = Counter(drawn)
    assert len(drawn) == pytest.approx(4000 * 7 / 8, rel=0.03)
    for name, weight in RELEASED_WEIGHTS.items():
        assert counts[name] == pytest.approx(len(drawn) * weight / total, rel=0.2, abs=20)


def test_is_decided_by_the_seed():
    images = []
    for seed in (3, 3, 4):
        with seeded_rng(seed):
            images.append([OneOfDistortion()(dict(img=IMAGE.copy()))['img'] for _ in range(20)])
    assert all((a == b).all() for a, b in zip(images[0], images[1]))
    assert any((a != b).any() for a, b in zip(images[0], images[2]))


@pytest.mark.parametrize('settings, message', [
    pytest.param(dict(prob=1.5), '1.5', id='probability'),
    pytest.param(dict(weights=dict(rain=1)), r"\['rain'\]", id='name'),
    pytest.param(dict(weights=dict(noise=-1)), 'not all 0', id='negative'),
    pytest.param(dict(weights=dict(noise=0)), 'not all 0', id='all 0'),
    pytest.param(dict(weights=dict()), 'not all 0', id='no weight'),
])
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        OneOfDistortion(**settings)


@pytest.mark.parametrize('image', [np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), np.uint8)])
def test_normalised_or_flat_images_are_refused(image):
    with pytest.raises(TypeError, match='uint8'):
        OneOfDistortion()(dict(img=image))
