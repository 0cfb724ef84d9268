"""Image loading that names what it cannot read and turns images as annotated."""

import io
import os
from typing import Optional

import cv2
import mmcv
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmdet.registry import TRANSFORMS
from mmengine import fileio
from PIL import Image

from mmssis.utils.settings import check_range

from ..image_errors import UnreadableImageError, file_problem
from ..image_header import ImageHeader, check_header
from ..sample_depth import folder_depth, image_depth, tell_depth, to_uint8

SHOWN = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH
STORED = SHOWN | cv2.IMREAD_IGNORE_ORIENTATION
CV2_MAX_PIXELS = 2**30
# As uncompressed 16-bit samples of four bands, and as much again for what else a file may hold.
MAX_BYTES_PER_PIXEL = 16


@TRANSFORMS.register_module()
class LoadImageRobust(LoadImageFromFile):
    """Load any image as BGR uint8 (H, W, 3), in the orientation of its annotations.

    Grayscale is repeated, alpha dropped: so far mmcv's ``LoadImageFromFile``. Beyond it,

    - EXIF rotation: where the annotation file's height and width are those of the pixels as
      stored and not as shown, the rotation is not applied. mmcv always applies it, which turns the
      image under its masks. Without a size, or where both fit, it is applied.
    - Samples of 16 bits are divided by 256, or by less if fewer bits are used: as ``bits`` or the
      file says (tags SMaxSampleValue, MaxSampleValue; chunk sBIT), else as the files of the folder
      show, 8, 10, 12, 14 or 16. That is told once.
    - A file that is missing, empty, truncated, no regular file or no image raises
      ``UnreadableImageError`` with its path, which :class:`SemiDataset` can skip. So does one that
      has no right result: more than ``max_pixels``, a side over 100 times the other, a TIFF of
      several pages, more than 4 bands, floats or signed numbers. Sizes are read from the header;
      nothing too large is decoded.
    - Annotations of an image of another size are refused.

    Args:
        backend_args (dict, optional): Settings of mmengine's file backend. Defaults to None.
        max_pixels (int): Most pixels of an image, in [1, 2 ** 30]; a file of more than 16 bytes
            for each of them is not opened. Defaults to 178,956,970, where PIL stops too.
        bits (int, optional): Significant bits of samples that take 16, in [8, 16]; None finds them
            out. Defaults to None.

    Raises:
        ValueError: If a setting is out of range.
    """

    def __init__(self, backend_args: Optional[dict] = None, max_pixels: int = 178_956_970,
                 bits: Optional[int] = None) -> None:
        super().__init__(backend_args=backend_args)
        self.max_pixels = check_range('LoadImageRobust.max_pixels', max_pixels, 1, CV2_MAX_PIXELS,
                                      whole=True)
        self.bits = None if bits is None else check_range(
            'LoadImageRobust.bits', bits, 8, 16, whole=True)
        self._folder_depths: dict[str, int] = {}

    def transform(self, results: dict) -> dict:
        """Load ``results['img_path']``.

        Args:
            results (dict): Sample with ``img_path``, and where known ``height``, ``width``.

        Returns:
            dict: The sample with ``img``, ``img_shape``, ``ori_shape`` and the identity as
            ``homography_matrix``: RandomFlip records nothing where it does not flip.

        Raises:
            UnreadableImageError: If the image cannot be read.
            ValueError: If annotations belong to an image of another size.
        """
        path = results['img_path']
        content = self._read(path)
        header = check_header(content, path, self.max_pixels)
        if header.format == 'TIFF':
            _check_tiff_data(content, path)
        image = self._decode(content, header, path, SHOWN)
        if 'height' in results and image.shape[:2] != (results['height'], results['width']):
            image = self._as_annotated(content, header, image, results)
        results['img'] = image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        results['homography_matrix'] = np.eye(3, dtype=np.float32)
        return results

    def _read(self, path: str) -> bytes:
        """Bytes of the file."""
        # What is not on this machine is left to the backend.
        problem = file_problem(path) if os.path.lexists(path) else None
        if not problem and os.path.exists(path):
            num_bytes = os.path.getsize(path)
            if num_bytes > MAX_BYTES_PER_PIXEL * self.max_pixels:
                problem = f'{num_bytes} bytes are too many for an image of max_pixels'
        if problem:
            raise UnreadableImageError(f'Cannot read the image {path}: {problem}.')
        try:
            return fileio.get(path, backend_args=self.backend_args)
        except (OSError, ValueError) as error:  # ValueError: a name with a zero byte.
            raise UnreadableImageError(f'Cannot read the image {path}: {error}') from error

    def _decode(self, content: bytes, header: ImageHeader, path: str, flag: int) -> np.ndarray:
        """Decode an image to 8 bits."""
        image = _decode(content, path, flag)
        if image.dtype == np.uint8:
            return image
        if self.bits is None:
            depth = image_depth(image, header, lambda: self._folder_depth(path))
            tell_depth(depth, path)
        elif int(image.max()) >> self.bits:
            raise UnreadableImageError(f'{path} has values up to {image.max()}, but bits = '
                                       f'{self.bits} of LoadImageRobust allows for '
                                       f'{2**self.bits - 1}.')
        return to_uint8(image, self.bits or depth, header)

    def _folder_depth(self, path: str) -> int:
        """Significant bits of the images beside this one."""
        key = os.path.dirname(path) + os.path.splitext(path)[1]
        if key not in self._folder_depths:
            self._folder_depths[key] = folder_depth(path, self._stored_pixels)
        return self._folder_depths[key]

    def _stored_pixels(self, path: str) -> np.ndarray:
        """An image as stored, uint8 or uint16."""
        content = self._read(path)
        check_header(content, path, self.max_pixels)
        return _decode(content, path, STORED)

    def _as_annotated(self, content: bytes, header: ImageHeader, shown: np.ndarray,
                      results: dict) -> np.ndarray:
        """The image without EXIF rotation, if that has the annotated size."""
        size, path = (results['height'], results['width']), results['img_path']
        stored = self._decode(content, header, path, STORED)
        if stored.shape[:2] == size:
            return stored
        if results.get('instances'):
            raise ValueError(
                f'{path} (image id {results.get("img_id")}) is {shown.shape[1]} x '
                f'{shown.shape[0]} pixels, but its annotations are for {size[1]} x {size[0]}. '
                'Resize the image or correct the annotation file.')
        return shown


def _check_tiff_data(content: bytes, path: str) -> None:
    """Refuse a damaged TIFF, of which cv2 leaves black what it cannot decode."""
    try:
        image = Image.open(io.BytesIO(content))
    except (OSError, Image.DecompressionBombError):
        return  # A kind that PIL does not read; cv2 is asked alone.
    try:
        image.load()
    except Exception as error:  # PIL's decoders raise what they meet.
        raise UnreadableImageError(f'Cannot decode the image {path}: {error}.') from error


def _decode(content: bytes, path: str, flag: int) -> np.ndarray:
    """Decode an image of 8 or 16 bits, or say which file failed."""
    try:
        image = mmcv.imfrombytes(content, flag=flag, backend='cv2')
    except cv2.error as error:
        raise UnreadableImageError(f'Cannot decode the image {path}: {error.err}.') from error
    if image is None:
        raise UnreadableImageError(f'Cannot decode the image {path}: the file ({len(content)} '
                                   'bytes) is truncated or no supported image.')
    if image.dtype not in (np.uint8, np.uint16):
        raise UnreadableImageError(f'Cannot read the image {path}: its samples are {image.dtype}. '
                                   'Write 8 or 16 bits without sign.')
    return image
