"""What an image is, from its first bytes and before anything is decoded."""

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO, Optional

from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from .image_errors import UnreadableImageError, file_problem

PNG_START = b'\x89PNG\r\n\x1a\n'
TIFF_STARTS = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
PIL_FORMATS = ('JPEG', 'BMP', 'GIF', 'PPM', 'JPEG2000', 'AVIF')
TIFF_SAMPLES = {1: 'uint', 2: 'int', 3: 'float', 4: 'uint', 5: 'complex int', 6: 'complex'}
ORIENTATION = 0x0112
MAX_ASPECT_RATIO = 100
"""Views have long sides of a few hundred to a thousand pixels: beyond this ratio the short one
would have a few pixels or none."""
MAX_SCANNED_PIXELS = 10**10
"""Pixels times scans of a JPEG, about half a minute; a usual progressive one has 10 scans."""
Image.init()


@dataclass(frozen=True)
class ImageHeader:
    """What the header of an image says.

    Args:
        format (str): ``'PNG'``, ``'TIFF'``, ``'WEBP'`` or one of ``PIL_FORMATS``.
        width (int): Pixels as stored, without EXIF rotation.
        height (int): The same.
        orientation (int): Of EXIF, 1 to 8; from 5 on the image is shown with its sides exchanged.
        depth (int, optional): Significant bits of samples that take 16, if the file states them.
        min_is_white (bool): Whether 0 is white.
        has_scans (bool): Whether a JPEG is decoded in several scans of the whole image.
    """

    format: str
    width: int
    height: int
    orientation: int = 1
    depth: Optional[int] = None
    min_is_white: bool = False
    has_scans: bool = False


def read_header(file: BinaryIO, path: str) -> ImageHeader:
    """Read the header of an image; its size is not limited here.

    Args:
        file (BinaryIO): Content of the image, at its start.
        path (str): Path for the message.

    Returns:
        ImageHeader: What it says.

    Raises:
        UnreadableImageError: If it is no image, or one without pixels, of several pages, of more
            than 4 bands, or of samples that are not unsigned integers of at most 16 bits.
    """
    try:
        header = _header(file)
        if min(header.width, header.height) < 1:
            raise ValueError(f'its size is {header.width} x {header.height} pixels.')
        return header
    except Exception as error:  # PIL raises errors of a dozen kinds at damaged bytes.
        reason = str(error) if isinstance(error, (ValueError, OSError)) else repr(error)
        raise UnreadableImageError(f'Cannot read the image {path}: {reason}') from error


def check_header(content: bytes, path: str, max_pixels: int) -> ImageHeader:
    """Read the header of an image and refuse what is not worth decoding.

    Args:
        content (bytes): The file.
        path (str): Path for the message.
        max_pixels (int): Most pixels of an image.

    Returns:
        ImageHeader: What it says.

    Raises:
        UnreadableImageError: As :func:`read_header`, or if the image is too large or too narrow.
    """
    header = read_header(io.BytesIO(content), path)
    short, long = sorted((header.width, header.height))
    size = f'{path} is {header.width} x {header.height} pixels'
    if short * long > max_pixels:
        raise UnreadableImageError(f'{size}, more than max_pixels = {max_pixels}. Cut it into '
                                   'tiles, shrink it, or set image_loading = dict(max_pixels=...) '
                                   'in the config.')
    if long > MAX_ASPECT_RATIO * short:
        raise UnreadableImageError(f'{size}: one side is more than {MAX_ASPECT_RATIO} times the '
                                   'other, so nothing of it is left in a view. Cut it into tiles.')
    if header.has_scans:
        scans = content.count(b'\xff\xda')
        if scans * short * long > MAX_SCANNED_PIXELS:
            raise UnreadableImageError(f'{size} in {scans} scans, which take minutes to decode. '
                                       'Save it anew.')
    return header


def shown_size(path: str) -> tuple[int, int]:
    """Size of an image with its EXIF rotation applied, from its header.

    Args:
        path (str): Path of the image.

    Returns:
        tuple[int, int]: Width and height in pixels.

    Raises:
        UnreadableImageError: If the file is missing or no image.
    """
    problem = file_problem(path)
    if problem:
        raise UnreadableImageError(f'Cannot read the image {path}: {problem}.')
    try:
        with open(path, 'rb') as file:
            header = read_header(file, path)
    except UnreadableImageError:
        raise
    except OSError as error:
        raise UnreadableImageError(f'Cannot read the image {path}: {error}') from error
    size = header.width, header.height
    return size[::-1] if 5 <= header.orientation <= 8 else size


def _header(file: BinaryIO) -> ImageHeader:
    """Header by the format, which the content tells and not the name."""
    start = file.read(32)
    file.seek(0)
    if start.startswith(PNG_START):
        return _png_header(file)
    if start.startswith(TIFF_STARTS):
        return _tiff_header(file)
    if start[:4] == b'RIFF' and start[8:12] == b'WEBP':
        return ImageHeader('WEBP', *_webp_size(start))
    return _pil_header(file, start)


def _orientation(exif: Optional[bytes]) -> int:
    """The orientation that a block of EXIF states; 1 where it is damaged, as decoders have it."""
    if not exif:
        return 1
    try:
        block = Image.Exif()
        block.load(exif)
        return int(block.get(ORIENTATION, 1))
    except Exception:  # See read_header.
        return 1


def _pil_header(file: BinaryIO, start: bytes) -> ImageHeader:
    """Header by PIL's readers. Image.open is passed by: its limit of pixels is a global one."""
    for name in PIL_FORMATS:
        read, accepts = Image.OPEN.get(name, (None, None))
        if read and accepts(start) is True:
            image = read(file, '')
            # PIL stops at the first scan: its length and its number of components follow.
            has_scans = name == 'JPEG' and ('progressive' in image.info
                                            or file.read(3)[2] < image.layers)
            orientation = _orientation(image.info.get('exif'))
            return ImageHeader(name, *image.size, orientation, has_scans=has_scans)
    raise ValueError(f'it is none of {", ".join(("PNG", "TIFF", "WEBP", *PIL_FORMATS))}.')


def _webp_size(start: bytes) -> tuple[int, int]:
    """Size of a WebP. PIL would set up a decoder, which takes milliseconds."""
    if start[12:16] == b'VP8X':
        width, height = (int.from_bytes(start[i:i + 3], 'little') for i in (24, 27))
        return width + 1, height + 1
    if start[12:16] == b'VP8L':
        bits = int.from_bytes(start[21:25], 'little')
        return 1 + bits % 2**14, 1 + (bits >> 14) % 2**14
    width, height = struct.unpack('<HH', start[26:30])
    return width % 2**14, height % 2**14


def _png_header(file: BinaryIO) -> ImageHeader:
    """Header of a PNG: its first chunk, and what stands before the pixels.

    PIL would check all of it, which decoders do not, and decode the image to look for EXIF.
    """
    chunk = file.read(33)[12:]
    width, height, bits = struct.unpack('>4xIIB', chunk[:13])
    if chunk[17:] != struct.pack('>I', zlib.crc32(chunk[:17])):
        raise ValueError('its header is damaged.')
    found: dict[bytes, bytes] = {}
    while len(chunk := file.read(8)) == 8:
        length, name = struct.unpack('>I4s', chunk)
        if name in (b'IDAT', b'IEND'):
            break
        if name in (b'sBIT', b'eXIf'):
            found[name] = file.read(length)
        file.seek(4 if name in found else length + 4, io.SEEK_CUR)
    stated = max(found.get(b'sBIT') or b'\0')
    depth = stated if bits == 16 and 0 < stated < 16 else None
    return ImageHeader('PNG', width, height, _orientation(found.get(b'eXIf')), depth)


def _tiff_header(file: BinaryIO) -> ImageHeader:
    """Header of a TIFF of one page."""
    start = file.read(8)
    tags = ImageFileDirectory_v2(start + file.read(8) if b'+' in start[:4] else start)
    file.seek(tags.next)
    tags.load(file)
    bits, kind = _largest(tags, 258, 1), _largest(tags, 339, 1)
    if _largest(tags, 277, 1) > 4:
        raise ValueError(f'it has {tags[277]} bands, and at most 4 are read. Write the three that '
                         'are to be seen as an RGB image.')
    if TIFF_SAMPLES.get(kind) != 'uint' or bits > 16:
        raise ValueError(f'its samples are {TIFF_SAMPLES.get(kind, "of unknown kind, ")}{bits}, '
                         'of which no value is known to be white. Write 8 or 16 bits without sign.')
    depth = None
    if bits == 16:
        stated = int(max(_largest(tags, 281, 0), _largest(tags, 341, 0))).bit_length()
        depth = stated if 0 < stated < 16 else None  # 16 is the default of these tags.
    elif bits > 8:
        depth = 16  # Packed samples are decoded to the upper bits of 16.
    # Tags of damaged files may hold texts.
    header = ImageHeader('TIFF', int(tags[256]), int(tags[257]),
                         int(_largest(tags, ORIENTATION, 1)), depth, tags.get(262) == 0)
    _refuse_pages(file, tags)
    return header


def _largest(tags: ImageFileDirectory_v2, number: int, default: int) -> Any:
    """Largest value of a tag that may have one for each band."""
    value = tags.get(number, default)
    return max(value) if isinstance(value, tuple) else value


def _refuse_pages(file: BinaryIO, tags: ImageFileDirectory_v2) -> None:
    """Refuse a second page, and a first one that is a thumbnail; smaller copies may follow."""
    if tags.get(254, 0) & 1:
        raise ValueError('its first page is a thumbnail. Write the image itself as the only page.')
    seen = set()
    while tags.next and tags.next not in seen:
        seen.add(tags.next)
        file.seek(tags.next)
        tags.load(file)
        if not tags.get(254, 0) & 0b101:  # 1: smaller copy, 4: mask.
            raise ValueError('it has several pages, of which only the first would be read. Write '
                             'each page as a file of its own.')
