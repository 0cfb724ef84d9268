"""Strong views: pixels change, geometry and annotations do not."""

import inspect

import cv2
import numpy as np
import pytest
from toy_data import smooth_image

from mmssis.datasets.samplers import seeded_rng
from mmssis.datasets.transforms import RandomNoiseErasing, StrongPhotometric

IMAGE = smooth_image()


def apply(transform, seed=0):
    with seeded_rng(seed):
        return transform(dict(img=IMAGE.copy()))


OFF = dict(jitter_prob=0, gray_prob=0, blur_prob=0)


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


def test_defaults_are_the_paper_s():
    """PL-DC Tab. III, with the corrections of ratios and blur."""
    defaults = {k: p.default for kind in (StrongPhotometric, RandomNoiseErasing)
                for k, p in inspect.signature(kind).parameters.items()}
    assert defaults == dict(
        brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, jitter_prob=0.8, gray_prob=0.2,
        blur_prob=0.5, blur_sigma=(0.1, 2.0), probs=(0.7, 0.5, 0.3),
        scales=((0.05, 0.2), (0.02, 0.2), (0.02, 0.2)), ratios=((0.3, 3.3), (0.1, 6), (0.05, 8)))
