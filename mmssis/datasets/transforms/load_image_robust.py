"""Image loading that names what it cannot read and turns images as annotated."""

from typing import Optional

import cv2
import mmcv
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmdet.registry import TRANSFORMS
from mmengine import fileio

from ..image_errors import UnreadableImageError

SHOWN, STORED = 'color', 'color_ignore_orientation'


@TRANSFORMS.register_module()
class LoadImageRobust(LoadImageFromFile):
    """Load any image as BGR uint8 (H, W, 3), in the orientation of its annotations.

    Grayscale is repeated, alpha dropped, 16 bits are divided by 256: so far mmcv's
    ``LoadImageFromFile``. Beyond it,

    - EXIF rotation: where the annotation file's height and width are those of the pixels as
      stored and not as shown, the rotation is not applied. mmcv always applies it, which turns the
      image under its masks. Without a size, or where both fit, it is applied.
    - A file that is missing, empty, truncated or no image raises ``UnreadableImageError`` with its
      path, which :class:`SemiDataset` can skip.
    - Annotations of an image of another size are refused.

    Args:
        backend_args (dict, optional): Settings of mmengine's file backend. Defaults to None.
    """

    def __init__(self, backend_args: Optional[dict] = None) -> None:
        super().__init__(backend_args=backend_args)

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
        image = _decode(content, path, SHOWN)
        if 'height' in results and image.shape[:2] != (results['height'], results['width']):
            image = self._as_annotated(content, image, results)
        results['img'] = image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        results['homography_matrix'] = np.eye(3, dtype=np.float32)
        return results

    def _read(self, path: str) -> bytes:
        """Bytes of the file."""
        try:
            return fileio.get(path, backend_args=self.backend_args)
        except OSError as error:
            raise UnreadableImageError(f'Cannot read the image {path}: {error}') from error

    def _as_annotated(self, content: bytes, shown: np.ndarray, results: dict) -> np.ndarray:
        """The image without EXIF rotation, if that has the annotated size."""
        size, path = (results['height'], results['width']), results['img_path']
        stored = _decode(content, path, STORED)
        if stored.shape[:2] == size:
            return stored
        if results.get('instances'):
            raise ValueError(
                f'{path} (image id {results.get("img_id")}) is {shown.shape[1]} x '
                f'{shown.shape[0]} pixels, but its annotations are for {size[1]} x {size[0]}. '
                'Resize the image or correct the annotation file.')
        return shown


def _decode(content: bytes, path: str, flag: str) -> np.ndarray:
    """Decode an image, or say which file failed."""
    try:
        image = mmcv.imfrombytes(content, flag=flag, backend='cv2')
    except cv2.error as error:
        raise UnreadableImageError(f'Cannot decode the image {path}: {error.err}.') from error
    if image is None:
        raise UnreadableImageError(f'Cannot decode the image {path}: the file ({len(content)} '
                                   'bytes) is truncated or no supported image.')
    return image
