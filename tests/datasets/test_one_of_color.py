"""One colour change of nine, with the magnitudes of PAIS's released code."""

from collections import Counter

import cv2
import mmcv
import numpy as np
import pytest

from mmssis.datasets.samplers import seeded_rng
from mmssis.datasets.transforms import OneOfColor
from mmssis.datasets.transforms.one_of_color import OPERATIONS

IMAGE = cv2.GaussianBlur(
    np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8), (5, 5), 2)


def change(name, level, image=IMAGE):
    return OneOfColor((name, ), (level, level))(dict(img=image.copy()))['img']


# The same changes by mmcv, at the released code's factors, thresholds and bits.
BY_MMCV = dict(
    identity=lambda image, level: image,
    autocontrast=lambda image, level: mmcv.auto_contrast(image),
    equalize=lambda image, level: mmcv.imequalize(image),
    solarize=lambda image, level: mmcv.solarize(image, int(256 * level / 10)),
    color=lambda image, level: mmcv.adjust_color(image, 1.8 * level / 10 + 0.1),
    contrast=lambda image, level: mmcv.adjust_contrast(image, 1.8 * level / 10 + 0.1),
    brightness=lambda image, level: mmcv.adjust_brightness(image, 1.8 * level / 10 + 0.1),
    sharpness=lambda image, level: mmcv.adjust_sharpness(image, 1.8 * level / 10 + 0.1),
    posterize=lambda image, level: mmcv.posterize(image, 4 - int(4 * level / 10)))


@pytest.mark.parametrize('name', BY_MMCV)
@pytest.mark.parametrize('level', range(1, 10))
def test_equals_mmcv_s_writing(name, level):
    ours, theirs = change(name, level), BY_MMCV[name](IMAGE, level).astype(np.uint8)
    # PIL does not sharpen the outermost pixels, and rounds luminance differently.
    difference = np.abs(ours.astype(int) - theirs.astype(int))[1:-1, 1:-1]
    assert difference.max() <= (2 if name == 'color' else 1)


@pytest.mark.parametrize('name', BY_MMCV)
def test_changes_pixels_only(name):
    given = dict(img=IMAGE.copy(), homography_matrix=np.eye(3), img_shape=(40, 60))
    before = given['img']
    after = OneOfColor((name, ), (2, 2))(given)
    assert after['img'].shape == IMAGE.shape and after['img'].dtype == np.uint8
    assert after['img'].flags['C_CONTIGUOUS'] and after['img'].flags['WRITEABLE']
    assert (after['img'] != IMAGE).any() == (name != 'identity')
    assert (before == IMAGE).all() and (after['homography_matrix'] == np.eye(3)).all()


def test_luminance_is_that_of_bgr():
    gray = cv2.cvtColor(IMAGE, cv2.COLOR_BGR2GRAY).astype(float)
    nearly_gray = change('color', 0).astype(float)
    assert np.abs(nearly_gray - (0.1 * IMAGE + 0.9 * gray[..., None])).max() < 2


def test_all_nine_are_drawn_evenly_at_levels_1_to_9(monkeypatch):
    drawn = []
    for name in OPERATIONS:
        monkeypatch.setitem(OPERATIONS, name,
                            lambda image, level, name=name: drawn.append((name, level)) or image)
    transform = OneOfColor()
    with seeded_rng(0):
        for _ in range(1800):
            transform(dict(img=np.zeros((1, 1, 3), np.uint8)))
    names, levels = (Counter(values) for values in zip(*drawn))
    assert set(names) == set(BY_MMCV) and set(levels) == set(range(1, 10))
    assert all(150 < count < 250 for count in (*names.values(), *levels.values()))


def test_is_decided_by_the_seed():
    images = []
    for seed in (3, 3, 4):
        with seeded_rng(seed):
            images.append([OneOfColor()(dict(img=IMAGE.copy()))['img'] for _ in range(5)])
    assert all((a == b).all() for a, b in zip(images[0], images[1]))
    assert any((a != b).any() for a, b in zip(images[0], images[2]))


@pytest.mark.parametrize('name', BY_MMCV)
@pytest.mark.parametrize('shape', [(1, 1, 3), (1, 50, 3), (2, 2, 3)])
def test_tiny_images(name, shape):
    assert change(name, 9, np.full(shape, 7, np.uint8)).shape == shape


@pytest.mark.parametrize('settings, message', [
    pytest.param(dict(names=('hue', )), 'hue', id='name'),
    pytest.param(dict(names=()), 'one or more', id='no_name'),
    pytest.param(dict(levels=(1, 10)), r'\(1, 10\)', id='level_10'),
    pytest.param(dict(levels=(-1, 3)), r'\(-1, 3\)', id='negative'),
    pytest.param(dict(levels=(5, 3)), 'low <= high', id='order'),
])
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        OneOfColor(**settings)


@pytest.mark.parametrize('image', [np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), np.uint8)])
def test_normalised_or_flat_images_are_refused(image):
    with pytest.raises(TypeError, match='uint8'):
        OneOfColor()(dict(img=image))
