"""Signs of useless pseudo labels."""

import re

import pytest

from mmssis.offline.doubts import doubts


def provenance(pixel=0.42, **thresholds):
    """Two good classes; those given have a threshold, detections, kept ones and annotations."""
    rows = dict(cat=(0.6, 9, 4, 4), dog=(0.3, 5, 4, 3), **thresholds)
    counts = ('detections', 'above_threshold', 'annotations')
    return dict(thresholds=dict(pixel=pixel, classes={name: row[0] for name, row in rows.items()}),
                classes={name: dict(zip(counts, row[1:])) for name, row in rows.items()})


@pytest.mark.parametrize('found, settings, expected', [
    pytest.param(dict(), dict(), [], id='good'),
    pytest.param(dict(emu=(0.0, 0, 0, 0), elk=(0.0, 0, 0, 0)), dict(),
                 ['2 of 4 classes have no detection at all.*: emu, elk'], id='unseen'),
    pytest.param(dict(emu=(0.0, 0, 0, 0)), dict(class_thr=0.5), ['1 of 3 classes'],
                 id='unseen_whatever_the_threshold'),
    pytest.param(dict(emu=(0.0, 3, 3, 3)), dict(), ['matched threshold is 0.000 for emu'],
                 id='all_kept'),
    pytest.param(dict(emu=(0.0, 3, 3, 3)), dict(class_thr=0.0), [], id='all_kept_on_purpose'),
    pytest.param(dict(emu=(0.9, 3, 0, 0)), dict(), [], id='kept_none_as_none_is_labeled'),
    pytest.param(dict(emu=(0.4, 3, 2, 0)), dict(), ['All masks are empty for emu'], id='empty'),
    pytest.param(dict(pixel=0.004), dict(), ['matched pixel threshold is 0.004'], id='pixel'),
    pytest.param(dict(pixel=0.004), dict(pixel_thr=0.004), [], id='pixel_on_purpose'),
    pytest.param(dict(pixel=0.004, emu=(0.0, 0, 0, 0)), dict(), ['emu', 'pixel'], id='two'),
])
def test_doubts(found, settings, expected):
    said = doubts(provenance(**found), **settings)
    assert len(said) == len(expected)
    for text, message in zip(said, expected):
        assert re.search(message, text)
