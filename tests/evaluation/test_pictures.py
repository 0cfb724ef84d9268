"""Names and files of pictures."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from mmssis.evaluation import picture_names, write_picture


@pytest.mark.parametrize('images, names', [
    pytest.param(['a/1.png', 'a/2.jpg'], ['1.png', '2.png'], id='one_folder'),
    pytest.param(['u/day/1.png', 'u/night/1.png'], ['day/1.png', 'night/1.png'], id='folders'),
    pytest.param(['u/1.png', 'u/night/1.png'], ['1.png', 'night/1.png'], id='folder_in_folder'),
    pytest.param(['1.png', '1.jpg', '2.png'], ['1.png.png', '1.jpg.png', '2.png.png'],
                 id='endings'),
    pytest.param(['1.jpg', '1.jpg.png', '1.png'], ['1.jpg.png', '1.jpg.png.png', '1.png.png'],
                 id='one_is_named_like_a_picture'),
    pytest.param(['u/v/../w/1.png', 'u/2.png'], ['w/1.png', '2.png'], id='dots'),
    pytest.param([], [], id='none'),
])
def test_each_image_has_a_picture_of_its_own(images, names):
    found = picture_names([Path(image) for image in images])
    assert list(found) == [Path(image) for image in images]
    assert [str(name) for name in found.values()] == names


def test_written_or_an_error(tmp_path):
    picture = np.full((4, 5, 3), (1, 2, 3), np.uint8)
    write_picture(tmp_path / 'a' / 'b.png', picture)
    assert cv2.imread(str(tmp_path / 'a' / 'b.png'))[0, 0].tolist() == [3, 2, 1]
    with pytest.raises(OSError, match='b.png'):
        write_picture(tmp_path / 'a' / 'b.png' / 'c.png', picture)
