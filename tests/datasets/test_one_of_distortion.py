"""One distortion of seven, with the ranges of Noisy Boundaries' released config."""

from collections import Counter

import numpy as np
import pytest
from toy_data import smooth_image

from mmssis.datasets.samplers import seeded_rng
from mmssis.datasets.transforms import OneOfDistortion
from mmssis.datasets.transforms.one_of_distortion import OPERATIONS, RELEASED_WEIGHTS

IMAGE = smooth_image()


def change(name, image=IMAGE, seed=0):
    with seeded_rng(seed):
        return OneOfDistortion(1, {name: 1})(dict(img=image.copy()))['img']


def pin(monkeypatch, *values):
    """Draw these values one after the other in place of random ones."""
    drawn = iter(values)
    monkeypatch.setattr('mmssis.datasets.transforms.one_of_distortion.uniform',
                        lambda low, high: low + next(drawn) * (high - low))


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


@pytest.mark.parametrize('name, naive', [
    pytest.param('sharpen', lambda v: naive_sharpen(IMAGE, v, 0.75 + 0.75 * v), id='sharpen'),
    pytest.param('multiply', lambda v: IMAGE * (0.5 + v), id='multiply'),
    pytest.param('brighten', lambda v: IMAGE * (1.1 + 0.2 * v) + 255 * (0.1 + 0.2 * v),
                 id='brighten'),
    pytest.param('invert', lambda v: 255.0 - IMAGE, id='invert'),
])
def test_equals_the_naive_writing(name, naive, monkeypatch):
    for place in (0.0, 0.4, 1.0):
        pin(monkeypatch, place, place)
        difference = change(name).astype(float) - naive(place).clip(0, 255)
        assert np.abs(difference).max() <= 0.51


def test_noise_has_the_variance_drawn_and_no_bias(monkeypatch):
    gray = np.full((300, 300, 3), 128, np.uint8)
    pin(monkeypatch, 0.8)
    noise = change('noise', gray).astype(float) - 128
    assert noise.var() == pytest.approx(0.8 * 12.75 + 1 / 12, rel=0.02)
    assert abs(noise.mean()) < 0.03
    assert abs(np.corrcoef(noise.reshape(-1, 3).T)[0, 1]) < 0.02


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
