"""LoadImageRobust: every kind of image ends as BGR uint8, or is named."""

import io
import os
import re
import struct
import zlib

import cv2
import numpy as np
import pytest
from mmengine.dataset import Compose
from PIL import Image

from mmssis.datasets import UnreadableImageError, sample_depth
from mmssis.datasets.image_header import shown_size
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


def camera(bits, highest=None):
    """A camera's samples in 16 bits, the highest of them as given."""
    image = (GRAY.astype(np.uint16) << (bits - 8)) | 3
    image[-1, -1] = (2**bits - 1) if highest is None else highest
    return image


def tiff(path, data, size, **tags):
    """Write an uncompressed TIFF of given tags, which libraries would not write."""
    width, height = size
    tags = {256: width, 257: height, 258: 16, 259: 1, 262: 1, 277: 1, 278: height, 279: len(data),
            **{int(name[1:]): value for name, value in tags.items()}}
    tags[273] = 8 + 2 + 12 * (len(tags) + 1) + 4
    entries = b''.join(struct.pack('<HHII', tag, 4, 1, tags[tag]) for tag in sorted(tags))
    path.write_bytes(b'II*\0' + struct.pack('<IH', 8, len(tags)) + entries + bytes(4) + data)


@pytest.mark.parametrize('highest, name, divisor', [
    pytest.param(65535, 'a.png', 256, id='all_16_bits'),
    pytest.param(65535, 'a.tif', 256, id='all_16_bits_of_a_tiff'),
    pytest.param(16384, 'a.png', 256, id='15_bits_stay_as_16'),
    pytest.param(16383, 'a.png', 64, id='14_bits'),
    pytest.param(4095, 'a.png', 16, id='12_bits'),
    pytest.param(4095, 'a.tif', 16, id='12_bits_of_a_tiff'),
    pytest.param(1023, 'a.png', 4, id='10_bits'),
    pytest.param(255, 'a.png', 1, id='8_bits'),
])
def test_16_bits_are_scaled_by_those_in_use(tmp_path, highest, name, divisor):
    pixels = np.minimum(GRAY.astype(np.uint16) * 257, highest)
    cv2.imwrite(str(tmp_path / name), pixels)
    assert np.array_equal(load(tmp_path / name), np.repeat(pixels[..., None] // divisor, 3, -1))


def test_the_images_of_a_folder_are_read_alike_and_told_once(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(sample_depth, '_told', set())
    monkeypatch.setattr(sample_depth, 'print_log', lambda text, **_: told.append(text))
    for i in range(20):
        cv2.imwrite(str(tmp_path / f'{i:02}.png'), camera(12) if i % 4 == 0 else camera(9))
    (tmp_path / '03.png').write_bytes(b'torn')
    read, alone = LoadImageRobust(), tmp_path / 'alone'
    for i in (0, 1, 5):
        loaded = read(dict(img_path=str(tmp_path / f'{i:02}.png')))['img']
        assert loaded.max() == (255 if i == 0 else 31)
    assert len(told) == 1 and 'keep 12 bits' in told[0] and 'bits=12' in told[0]
    alone.mkdir()
    cv2.imwrite(str(alone / '0.png'), camera(9))
    assert read(dict(img_path=str(alone / '0.png')))['img'].max() == 127
    assert LoadImageRobust(bits=9)(dict(img_path=str(alone / '0.png')))['img'].max() == 255
    with pytest.raises(UnreadableImageError, match='0.png has values up to 511, but bits = 8'):
        LoadImageRobust(bits=8)(dict(img_path=str(alone / '0.png')))


def with_sbit(path, bits):
    """Put the chunk sBIT into a grayscale PNG."""
    content, chunk = path.read_bytes(), b'sBIT' + bytes([bits])
    path.write_bytes(content[:33] + struct.pack('>I', 1) + chunk
                     + struct.pack('>I', zlib.crc32(chunk)) + content[33:])


@pytest.mark.parametrize('pixels, bits, divisor', [
    pytest.param(camera(9), 12, 16, id='values_as_they_were_sampled'),
    pytest.param(camera(9) << 4, 12, 256, id='upper_bits_as_the_standard_has_it'),
    pytest.param(camera(13), 12, 64, id='values_beyond_what_is_stated'),
    pytest.param(camera(9), 200, 4, id='more_than_16_states_nothing'),
])
def test_bits_stated_by_a_png(tmp_path, pixels, bits, divisor):
    cv2.imwrite(str(tmp_path / 'a.png'), pixels)
    with_sbit(tmp_path / 'a.png', bits)
    assert np.array_equal(load(tmp_path / 'a.png')[..., 0], pixels // divisor)


@pytest.mark.parametrize('tags, expected', [
    pytest.param(dict(t281=4095), camera(9) >> 4, id='MaxSampleValue'),
    pytest.param(dict(t341=2047), camera(9) >> 3, id='SMaxSampleValue'),
    pytest.param(dict(t281=65535), camera(9) >> 2, id='the_default_states_nothing'),
    pytest.param(dict(t281=4095, t262=0), 255 - (camera(9) >> 4), id='0_is_white'),
    pytest.param(dict(t281=200), camera(9) >> 2, id='less_than_there_is'),
])
def test_bits_stated_by_a_tiff(tmp_path, tags, expected):
    tiff(tmp_path / 'a.tif', camera(9).tobytes(), (64, 48), **tags)
    assert np.array_equal(load(tmp_path / 'a.tif')[..., 2], expected)


def test_packed_samples_are_read_by_their_upper_bits(tmp_path):
    samples = [0, 80, 160, 240]
    packed = ''.join(format(16 * sample + 5, '012b') for sample in samples)
    tiff(tmp_path / 'a.tif', int(packed, 2).to_bytes(6, 'big'), (4, 1), t258=12)
    assert load(tmp_path / 'a.tif')[0, :, 0].tolist() == samples


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


def png(width, height, rows=b''):
    """A PNG of one bit and its header alone, or with compressed rows."""
    chunks = ((b'IHDR', struct.pack('>IIBBBBB', width, height, 1, 0, 0, 0, 0)),
              (b'IDAT', zlib.compress(rows)), (b'IEND', b''))
    return b'\x89PNG\r\n\x1a\n' + b''.join(
        struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
        for name, data in chunks)


def pages(*frames, **settings):
    """A TIFF of so many pages."""
    file = io.BytesIO()
    Image.fromarray(frames[0]).save(file, 'TIFF', save_all=True, **settings,
                                    append_images=[Image.fromarray(f) for f in frames[1:]])
    return file.getvalue()


def slow_jpeg():
    """Each scan goes through the whole image; 20 bytes for each are enough."""
    content = cv2.imencode('.jpg', np.zeros((3000, 3000), np.uint8),
                           [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    return content[:-2] + content[content.rindex(b'\xff\xda'):-2] * 1200 + content[-2:]


@pytest.mark.parametrize('content, message', [
    pytest.param(b'', 'missing or empty', id='empty'),
    pytest.param(jpeg()[:3000], 'truncated', id='truncated'),
    pytest.param(None, 'No such file', id='missing'),
    pytest.param(b'text', 'none of PNG, TIFF, WEBP, JPEG', id='no_image'),
    pytest.param(png(0, 5), '0 x 5 pixels', id='no_pixel'),
    pytest.param(png(5, 5)[:-30], 'truncated', id='no_rows'),
    pytest.param(png(5, 5).replace(b'IHDR\0', b'IHDR\1'), 'header is damaged', id='flipped_bit'),
    pytest.param(png(30000, 30000), '30000 x 30000 .* max_pixels = 178956970', id='bomb'),
    pytest.param(png(2**31 - 1, 2**31 - 1), 'max_pixels', id='overflow'),
    pytest.param(png(20000, 3), 'one side is more than 100 times the other', id='too_wide'),
    pytest.param(png(3, 20000), '3 x 20000 .* Cut it into tiles', id='too_high'),
    pytest.param(slow_jpeg, 'scans, which take minutes', id='scans'),
    pytest.param(pages(GRAY, GRAY), 'several pages', id='pages'),
    pytest.param(pages(GRAY, tiffinfo={254: 1}), 'first page is a thumbnail', id='thumbnail'),
    pytest.param(pages(GRAY.astype(np.float32)), 'samples are float32', id='float32'),
    pytest.param(pages(GRAY.astype(np.int32)), 'samples are int32', id='int32'),
    pytest.param(cv2.imencode('.tiff', RGB.astype(np.float64))[1].tobytes(), 'float64',
                 id='float64'),
    pytest.param(b'II*\0\x08\0\0\0', 'Cannot read the image', id='no_tags'),
])
def test_what_has_no_right_result_is_named(tmp_path, content, message):
    path = tmp_path / 'broken.jpg'
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content())
    with pytest.raises(UnreadableImageError, match='broken.jpg') as caught:
        load(path)
    assert re.search(message, str(caught.value))


def test_a_damaged_compressed_tiff_is_named(tmp_path):
    path = tmp_path / 'a.tif'
    Image.fromarray(RGB).save(path, compression='tiff_lzw')
    whole = path.read_bytes()
    assert (load(path) == RGB[..., ::-1]).all()
    path.write_bytes(whole[:20] + bytes(255 - byte for byte in whole[20:40]) + whole[40:])
    with pytest.raises(UnreadableImageError, match='Cannot decode the image .*a.tif'):
        load(path)


def test_bands_and_signed_samples_are_refused(tmp_path):
    for tags, message in ((dict(t277=5, t258=8), '5 bands'), (dict(t339=2), 'samples are int16'),
                          (dict(t339=9), 'of unknown kind')):
        tiff(tmp_path / 'a.tif', bytes(40), (2, 2), **tags)
        with pytest.raises(UnreadableImageError, match=f'a.tif.*{message}'):
            load(tmp_path / 'a.tif')


@pytest.mark.parametrize('make, problem', [
    pytest.param(os.mkfifo, 'not a regular file', id='pipe'),
    pytest.param(os.mkdir, 'not a regular file', id='folder'),
    pytest.param(lambda path: path.symlink_to('/dev/zero'), 'not a regular file', id='device'),
    pytest.param(lambda path: path.symlink_to(path), 'missing or empty', id='link_to_itself'),
    pytest.param(lambda path: path.symlink_to('/proc/kmsg'), 'missing or empty', id='kernel'),
])
def test_what_would_block_is_not_opened(tmp_path, make, problem):
    make(tmp_path / 'a.png')
    for read in (load, lambda path: shown_size(str(path))):
        with pytest.raises(UnreadableImageError, match=f'a.png: {problem}'):
            read(tmp_path / 'a.png')


def test_limits_are_settings(tmp_path):
    rows = bytes(11 * 50)
    (tmp_path / 'a.png').write_bytes(png(80, 50, rows))
    results = dict(img_path=str(tmp_path / 'a.png'))
    assert LoadImageRobust(max_pixels=4000)(results)['img'].shape == (50, 80, 3)
    with pytest.raises(UnreadableImageError, match='80 x 50 .* max_pixels = 3999'):
        LoadImageRobust(max_pixels=3999)(results)
    with open(tmp_path / 'a.png', 'ab') as file:
        file.truncate(64001)  # A sparse file: nothing of it is read.
    with pytest.raises(UnreadableImageError, match='64001 bytes are too many'):
        LoadImageRobust(max_pixels=4000)(results)
    for settings in (dict(max_pixels=0), dict(bits=7), dict(bits=0), dict(max_pixels=2**31)):
        with pytest.raises(ValueError, match=f'LoadImageRobust.{[*settings][0]}'):
            LoadImageRobust(**settings)


def test_smaller_copies_in_a_tiff_are_no_pages(tmp_path):
    from PIL import TiffImagePlugin
    with TiffImagePlugin.AppendingTiffWriter(str(tmp_path / 'a.tif'), True) as file:
        Image.fromarray(GRAY).save(file, 'TIFF')
        file.newFrame()
        Image.fromarray(GRAY[::2, ::2]).save(file, 'TIFF', tiffinfo={254: 1})
    assert np.array_equal(load(tmp_path / 'a.tif'), REPEATED)


def test_a_bomb_has_a_size_without_being_decoded(tmp_path, monkeypatch):
    content = png(9000, 9000, bytes(1126 * 9000))
    with monkeypatch.context() as patch:
        patch.setattr(Image.Image, 'load', None)
        patch.setattr(cv2, 'imdecode', None)
        (tmp_path / 'a.png').write_bytes(content)
        assert shown_size(str(tmp_path / 'a.png')) == (9000, 9000)
        with pytest.raises(UnreadableImageError, match='max_pixels = 1000'):
            LoadImageRobust(max_pixels=1000)(dict(img_path=str(tmp_path / 'a.png')))


@pytest.mark.parametrize('name, settings', [
    pytest.param('a.jpg', dict(), id='jpeg'),
    pytest.param('a.png', dict(), id='png'),
    pytest.param('a.tif', dict(), id='tiff'),
    pytest.param('a.webp', dict(), id='webp_lossy'),
    pytest.param('a.webp', dict(lossless=True), id='webp_lossless'),
    pytest.param('a.bmp', dict(), id='bmp'),
])
@pytest.mark.parametrize('orientation', [1, 3, 6])
def test_the_size_of_the_header_is_that_of_the_loaded_image(tmp_path, name, settings, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(RGB[:, :50])
    image.save(tmp_path / name, **settings, **({} if name == 'a.bmp' else dict(exif=exif)))
    height, width, _ = load(tmp_path / name).shape
    assert shown_size(str(tmp_path / name)) == (width, height)
    turned = orientation == 6 and name[2:] in ('jpg', 'png', 'tif')
    assert (width, height) == ((48, 50) if turned else (50, 48))


def test_a_view_that_no_transform_moved_has_a_homography(tmp_path):
    """mmdet's RandomFlip records one only where it flips; PAIS needs it for every view."""
    Image.fromarray(RGB).save(tmp_path / 'a.png')
    view = Compose([dict(type='LoadImageRobust'), dict(type='RandomFlip', prob=0.0)])(
        dict(img_path=str(tmp_path / 'a.png')))
    assert np.array_equal(view['homography_matrix'], np.eye(3))
