"""The matrix between two views of an image."""

import numpy as np
import pytest
from mmdet.structures import DetDataSample

from mmssis.structures import view_to_view

FLIP = np.array([[-1.0, 0, 16], [0, 1, 0], [0, 0, 1]])
SHIFT = np.array([[1.0, 0, 8], [0, 1, 0], [0, 0, 1]])
DOUBLE = np.diag([2.0, 2.0, 1.0])


def view(matrix=None):
    metainfo = dict(img_path='a.png')
    if matrix is not None:
        metainfo['homography_matrix'] = np.asarray(matrix, dtype=np.float32)
    return DetDataSample(metainfo=metainfo)


@pytest.mark.parametrize('source, target, point, expected', [
    pytest.param(np.eye(3), np.eye(3), (3, 5), (3, 5), id='identity'),
    pytest.param(FLIP, FLIP, (3, 5), (3, 5), id='same flip'),
    pytest.param(np.eye(3), FLIP, (3, 5), (13, 5), id='flip in the target'),
    pytest.param(DOUBLE, SHIFT, (6, 10), (11, 5), id='through the original image'),
])
def test_view_to_view(source, target, point, expected):
    x, y, scale = view_to_view(view(source), view(target)) @ (*point, 1)
    assert (x / scale, y / scale) == pytest.approx(expected)


def test_gap_2_9_a_view_without_homography_is_refused():
    for source, target in [
            (None, FLIP),
            (FLIP, None),
    ]:
        with pytest.raises(KeyError, match='a.png.*meta_keys'):
            view_to_view(view(source), view(target))
