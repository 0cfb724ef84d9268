"""Image files of many kinds, whole and damaged, and what is no file."""

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

import cv2
import numpy as np
import tifffile
from hypothesis import strategies as st
from PIL import Image, ImageOps

SIZES = [(1, 1), (1, 40), (40, 1), (7, 13), (33, 64), (64, 64), (120, 90)]


class ImageInput(NamedTuple):
    """One entry of a folder of images.

    Attributes:
        label: what it is.
        name: its name.
        place: puts it at a path.
        pixels: RGB (H, W, 3), uint8, that are right; None where it must be refused or left out.
        tolerance: largest mean difference that is right.
        is_whole: whether it must be read; damaged files may be refused.
    """

    label: str
    name: str
    place: Callable[[Path], Any]
    pixels: Optional[np.ndarray]
    tolerance: float
    is_whole: bool


@st.composite
def image_inputs(draw: Callable) -> ImageInput:
    """A file of some format, perhaps damaged, or something that is no file."""
    if draw(st.integers(0, 5)) == 0:
        label, name, place = draw(st.sampled_from(NO_FILES))
        return ImageInput(label, name, place, None, 0, False)
    size = draw(st.sampled_from(SIZES))
    image = np.random.default_rng(draw(st.integers(0, 9))).integers(0, 256, (*size, 3), np.uint8)
    image = cv2.GaussianBlur(image, (5, 5), 3)
    label, suffix, encode, tolerance = draw(st.sampled_from(FORMATS))
    data, pixels = encode(draw, image)
    is_whole, damage = True, draw(st.sampled_from(['none', 'none', 'cut', 'flip', 'tail', 'name']))
    if damage == 'cut':
        data, is_whole = data[:draw(st.integers(0, len(data) - 1))], False
    elif damage == 'flip':
        place = draw(st.integers(0, len(data) - 1))
        data = data[:place] + bytes([data[place] ^ draw(st.integers(1, 255))]) + data[place + 1:]
        # PIL has no right picture of 16 bits to compare with.
        is_whole, tolerance = False, 255 if '16-bit' in label else tolerance
        pixels = _decoded(data)
    elif damage == 'tail':
        data += b'tail' * 9
    elif damage == 'name':
        suffix = draw(st.sampled_from(['.png', '.JPG', '.tif', '.bmp']))
    return ImageInput(f'{label} {size} {damage}', f'new{suffix}',
                      lambda path: path.write_bytes(data), pixels, tolerance, is_whole)


def _decoded(data: bytes) -> Optional[np.ndarray]:
    """The pixels that PIL finds in a damaged file; None if it refuses it."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert('RGB'))
    except Exception:
        return None


def _pil(kind: str, mode: str = 'RGB', **settings: Any) -> Callable:
    """An encoder of PIL."""
    def encode(draw: Callable, image: np.ndarray) -> tuple:
        buffer = io.BytesIO()
        picture = Image.fromarray(image).convert(mode)
        picture.save(buffer, kind, **settings)
        return buffer.getvalue(), np.asarray(Image.open(buffer).convert('RGB'))
    return encode


def _alpha(draw: Callable, image: np.ndarray) -> tuple:
    """PNG with alpha, which is dropped."""
    buffer = io.BytesIO()
    alpha = np.full(image.shape[:2], draw(st.sampled_from([0, 128, 255])), np.uint8)
    Image.fromarray(np.dstack([image, alpha])).save(buffer, 'PNG')
    return buffer.getvalue(), image


def _rotated(draw: Callable, image: np.ndarray) -> tuple:
    """JPEG with an EXIF rotation, which is applied."""
    turn = draw(st.integers(1, 8))
    exif = Image.Exif()
    exif[0x0112] = turn
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, 'JPEG', quality=95, exif=exif)
    image = np.asarray(Image.open(buffer))
    shown = {1: image, 2: image[:, ::-1], 3: image[::-1, ::-1], 4: image[::-1],
             5: image.swapaxes(0, 1), 6: np.rot90(image, -1),
             7: np.rot90(image, 2).swapaxes(0, 1), 8: np.rot90(image)}[turn]
    return buffer.getvalue(), shown


def _sixteen(kind: str) -> Callable:
    """16-bit samples of which the lower ones are used: white is the largest value."""
    def encode(draw: Callable, image: np.ndarray) -> tuple:
        bits = draw(st.sampled_from([8, 10, 12, 14, 16]))
        gray = image[..., 0].copy()
        gray.flat[0] = 255
        stored = np.round(gray / 255 * (2**bits - 1)).astype(np.uint16)
        shown = np.repeat(gray[..., None], 3, 2)
        if kind == 'png':
            return cv2.imencode('.png', stored)[1].tobytes(), shown
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, stored)
        return buffer.getvalue(), shown
    return encode


def _tiff(change: Callable, **settings: Any) -> Callable:
    """A TIFF without a right result as three bands of 8 bits."""
    def encode(draw: Callable, image: np.ndarray) -> tuple:
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, change(image), **settings)
        return buffer.getvalue(), None
    return encode


def _bomb(draw: Callable, image: np.ndarray) -> tuple:
    """A PNG of a few bytes that says it is huge."""
    side = draw(st.sampled_from(
        [(40000, 40000), (20000, 20000), (2**31 - 1, 1), (1, 60000), (0, 5)]))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (struct.pack('>I', len(data)) + kind + data
                + struct.pack('>I', zlib.crc32(kind + data)))

    rows = zlib.compress(bytes(min(side[1] * (1 + side[0] // 8), 10**7)))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', *side, 1, 0, 0, 0, 0))
            + chunk(b'IDAT', rows) + chunk(b'IEND', b'')), None


FORMATS = [
    ('PNG', '.png', _pil('PNG'), 0.5), ('gray PNG', '.png', _pil('PNG', 'L'), 0.5),
    ('palette PNG', '.png', _pil('PNG', 'P'), 0.5), ('1-bit PNG', '.png', _pil('PNG', '1'), 0.5),
    ('alpha PNG', '.png', _alpha, 0.5),
    ('interlaced JPEG', '.jpg', _pil('JPEG', progressive=True), 3),
    ('JPEG', '.jpeg', _pil('JPEG', quality=95), 3), ('gray JPEG', '.jpg', _pil('JPEG', 'L'), 3),
    ('CMYK JPEG', '.jpg', _pil('JPEG', 'CMYK', quality=98), 12), ('EXIF JPEG', '.jpg', _rotated, 3),
    ('BMP', '.bmp', _pil('BMP'), 0.5), ('WebP', '.webp', _pil('WEBP', lossless=True), 0.5),
    ('TIFF', '.tif', _pil('TIFF'), 0.5),
    ('LZW TIFF', '.tiff', _pil('TIFF', compression='tiff_lzw'), 0.5),
    ('16-bit PNG', '.png', _sixteen('png'), 2), ('16-bit TIFF', '.tif', _sixteen('tiff'), 2),
    ('float TIFF', '.tif', _tiff(lambda image: image[..., 0].astype(np.float32)), 0),
    ('signed TIFF', '.tif', _tiff(lambda image: image[..., 0].astype(np.int16) - 99), 0),
    ('TIFF of pages', '.tif', _tiff(lambda image: np.stack([image] * 3), photometric='rgb'), 0),
    ('TIFF of 6 bands', '.tif', _tiff(lambda image: np.dstack([image] * 2), planarconfig='contig',
                                      photometric='minisblack'), 0),
    ('bomb', '.png', _bomb, 0),
]
NO_FILES = [
    ('empty', 'new.png', lambda path: path.write_bytes(b'')),
    ('text', 'new.jpg', lambda path: path.write_text('no image')),
    ('folder', 'new.png', lambda path: path.mkdir()),
    ('FIFO', 'new.png', lambda path: os.mkfifo(path)),
    ('broken link', 'new.png', lambda path: path.symlink_to('nowhere')),
    ('loop', 'new', lambda path: path.symlink_to(path.parent)),
    ('device', 'new.png', lambda path: path.symlink_to('/dev/zero')),
    ('hidden', '.new.png', lambda path: path.write_bytes(b'x')),
    ('hidden folder', '.ipynb_checkpoints', lambda path: (path.mkdir(), cv2.imwrite(
        str(path / 'old.png'), np.zeros((5, 5), np.uint8)))),
    ('other ending', 'new.txt', lambda path: path.write_text('x')),
    ('zero bytes', 'new.png', lambda path: path.write_bytes(bytes(5000))),
]
