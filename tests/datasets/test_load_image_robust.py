"""LoadImageRobust: every kind of image ends as BGR uint8, or is named."""

import io

import cv2
import numpy as np
import pytest
from mmengine.dataset import Compose
from PIL import Image

from mmssis.datasets import UnreadableImageError
from mmssis.datasets.transforms import LoadImageRobust

GRAY = np.arange(48 * 64, dtype=np.uint8).reshape(48, 64)
RGB = np.stack([GRAY, GRAY // 2, 255 - GRAY], -1)
REPEATED = np.repeat(GRAY[..., None], 3, -1)
PALETTE = Image.fromarray(RGB).quantize(8)


def load(path, **data):
    return LoadImageRobust().transform(dict(img_path=str(path), **data))['img']


@pytest.mark.parametrize('pixels, expected', [
    pytest.param(GRAY, REPEATED, id='gray'),
    pytest.param(RGB, RGB[..., ::-1], id='rgb'),
    pytest.param(np.dstack([RGB, GRAY]), RGB[..., ::-1], id='rgba'),
    pytest.param(np.dstack([GRAY, GRAY]), REPEATED, id='gray_alpha'),
    pytest.param(GRAY > 99, 255 * np.uint8(REPEATED > 99), id='one_bit'),
    pytest.param(PALETTE, np.asarray(PALETTE.convert('RGB'))[..., ::-1], id='palette'),
])
def test_any_png_becomes_bgr(tmp_path, pixels, expected):
    image = pixels if pixels is PALETTE else Image.fromarray(pixels)
    image.save(tmp_path / 'a.png')
    assert (load(tmp_path / 'a.png') == expected).all()


def test_16_bits_keep_their_upper_8(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.tif'), GRAY.astype(np.uint16) * 257)
    image = load(tmp_path / 'a.tif')
    assert image.dtype == np.uint8 and (image == REPEATED).all()


@pytest.fixture
def rotated(tmp_path):
    """64 x 48 pixels as stored, shown upright as 48 x 64."""
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / 'rotated.jpg'
    Image.fromarray(RGB).save(path, exif=exif)
    return path


@pytest.mark.parametrize('data, shape', [
    pytest.param(dict(), (64, 48), id='no_size_shown'),
    pytest.param(dict(height=64, width=48), (64, 48), id='annotated_as_shown'),
    pytest.param(dict(height=48, width=64), (48, 64), id='annotated_as_stored'),
    pytest.param(dict(height=10, width=10), (64, 48), id='unlabeled_of_another_size'),
])
def test_exif_rotation_follows_the_annotations(rotated, data, shape):
    results = LoadImageRobust().transform(dict(img_path=str(rotated), **data))
    assert results['img'].shape[:2] == results['img_shape'] == results['ori_shape'] == shape


def test_annotations_for_another_size_are_refused(rotated):
    with pytest.raises(ValueError, match=r'rotated.jpg \(image id 7\) is 48 x 64 .* for 10 x 20'):
        load(rotated, height=20, width=10, img_id=7, instances=[dict()])


def jpeg():
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 90, 3), np.uint8)).save(
        file, 'JPEG')
    return file.getvalue()


@pytest.mark.parametrize('content', [
    pytest.param(b'', id='empty'),
    pytest.param(jpeg()[:3000], id='truncated'),
    pytest.param(None, id='missing'),
])
def test_unreadable_images_are_named(tmp_path, content):
    path = tmp_path / 'broken.jpg'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnreadableImageError, match='broken.jpg'):
        load(path)


def test_a_view_that_no_transform_moved_has_a_homography(tmp_path):
    """mmdet's RandomFlip records one only where it flips; PAIS needs it for every view."""
    Image.fromarray(RGB).save(tmp_path / 'a.png')
    view = Compose([dict(type='LoadImageRobust'), dict(type='RandomFlip', prob=0.0)])(
        dict(img_path=str(tmp_path / 'a.png')))
    assert np.array_equal(view['homography_matrix'], np.eye(3))
