"""One colour change of nine, with the magnitudes of PAIS's released code."""

from collections import Counter

import mmcv
import numpy as np
import pytest
from toy_data import smooth_image

from mmssis.datasets.samplers import seeded_rng
from mmssis.datasets.transforms import OneOfColor
from mmssis.datasets.transforms.one_of_color import OPERATIONS

IMAGE = smooth_image()


def change(name, level):
    return OneOfColor((name, ), (level, level))(dict(img=IMAGE.copy()))['img']


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
def test_equals_mmcv_s_writing(name):
    for level in range(1, 10):
        ours, theirs = change(name, level), BY_MMCV[name](IMAGE, level).astype(np.uint8)
        # PIL does not sharpen the outermost pixels, and rounds luminance differently.
        difference = np.abs(ours.astype(int) - theirs.astype(int))[1:-1, 1:-1]
        assert difference.max() <= (2 if name == 'color' else 1)


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
