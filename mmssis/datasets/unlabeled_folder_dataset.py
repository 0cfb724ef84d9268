"""Unlabeled images as a plain folder."""

import os
from typing import Callable, List, Optional, Sequence, Union

from mmdet.registry import DATASETS
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from PIL import Image

from .checks.coco_validation import shorten
from .image_errors import UnreadableImageError

SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')


@DATASETS.register_module()
class UnlabeledFolderDataset(BaseDataset):
    """The images of a folder, sorted by path, without any annotation file.

    Building it lists files and opens none. The size of an image is read from its header when the
    sample is asked for; it is that of the image as shown, EXIF rotation applied.

    Args:
        data_root (str): Folder of the images, and root of the paths of ``list_file``.
        list_file (str, optional): Text file with one image path per line, relative to
            ``data_root``; blank lines and lines that start with ``#`` are left out. None takes all
            images of the folder. Defaults to None.
        recursive (bool): Whether sub-folders are read too. Defaults to True.
        suffixes (Sequence[str]): File name endings of images, compared in lower case.
        on_unreadable (str): What to do with files that are missing or empty: ``'error'`` lists
            them and stops, ``'skip'`` lists them and goes on. Damaged images are found only when
            they are read, see :class:`SemiDataset`. Defaults to ``'error'``.
        metainfo (dict, optional): Class names; None takes those of the labeled data set.
        pipeline (list): Transforms. Defaults to ().
        indices (int or Sequence[int], optional): Use only these images. Defaults to None.

    Raises:
        ValueError: If there is no image, or an image is missing and ``on_unreadable='error'``.
    """

    def __init__(self,
                 data_root: str,
                 list_file: Optional[str] = None,
                 recursive: bool = True,
                 suffixes: Sequence[str] = SUFFIXES,
                 on_unreadable: str = 'error',
                 metainfo: Optional[dict] = None,
                 pipeline: Sequence[Union[dict, Callable]] = (),
                 indices: Optional[Union[int, Sequence[int]]] = None) -> None:
        if on_unreadable not in ('error', 'skip'):
            raise ValueError('UnlabeledFolderDataset.on_unreadable must be "error" or "skip", '
                             f'got {on_unreadable!r}.')
        if not os.path.isdir(data_root):
            raise ValueError(f'UnlabeledFolderDataset.data_root={data_root!r} is not a folder.')
        self.list_file = list_file
        self.recursive = recursive
        self.suffixes = tuple(suffix.lower() for suffix in suffixes)
        self.on_unreadable = on_unreadable
        super().__init__(
            metainfo=metainfo,
            data_root=data_root,
            data_prefix=dict(),
            pipeline=list(pipeline),
            indices=indices)

    def load_data_list(self) -> List[dict]:
        """List the images.

        Returns:
            list[dict]: ``img_id`` (place in the sorted list) and ``img_path`` of each image.
        """
        paths = self._paths_of_folder() if self.list_file is None else self._paths_of_list()
        broken = [path for path in paths if not os.path.isfile(path) or not os.path.getsize(path)]
        if broken:
            self._report(broken)
            paths = sorted(set(paths) - set(broken))
        if not paths:
            raise ValueError(
                f'No unlabeled image found in {self.list_file or self.data_root} (endings '
                f'{self.suffixes}, recursive={self.recursive}). Correct the path or "suffixes".')
        return [dict(img_id=i, img_path=path, instances=[]) for i, path in enumerate(paths)]

    def get_data_info(self, idx: int) -> dict:
        """Path and size of an image.

        Args:
            idx (int): Index of the image.

        Returns:
            dict: ``img_id``, ``img_path``, ``height``, ``width``, ``instances`` (empty).

        Raises:
            UnreadableImageError: If the file is no image.
        """
        data_info = super().get_data_info(idx)
        data_info['width'], data_info['height'] = shown_size(data_info['img_path'])
        return data_info

    def _paths_of_folder(self) -> list[str]:
        """Sorted image paths of the folder."""
        paths = []
        for folder, folders, files in os.walk(self.data_root, followlinks=True):
            paths += [os.path.join(folder, f) for f in files if self._is_image(f)]
            if not self.recursive:
                folders.clear()
        return sorted(paths)

    def _is_image(self, file_name: str) -> bool:
        """Whether a file name ends like an image and is not hidden."""
        return file_name.lower().endswith(self.suffixes) and not file_name.startswith('.')

    def _paths_of_list(self) -> list[str]:
        """Sorted image paths of the list file, each once."""
        with open(self.list_file, encoding='utf-8') as file:
            lines = {line.strip() for line in file}
        names = [line for line in lines if line and not line.startswith('#')]
        return sorted(os.path.join(self.data_root, name) for name in names)

    def _report(self, broken: list[str]) -> None:
        """Refuse or announce missing and empty files."""
        message = f'{len(broken)} unlabeled images are missing or empty: {shorten(broken)}.'
        if self.on_unreadable == 'error':
            raise ValueError(f'{message} Restore them, or set on_unreadable="skip".')
        print_log(f'{message} They are skipped.', logger='current', level=30)


def shown_size(path: str) -> tuple[int, int]:
    """Size of an image with its EXIF rotation applied, from its header.

    Args:
        path (str): Path of the image.

    Returns:
        tuple[int, int]: Width and height in pixels.

    Raises:
        UnreadableImageError: If the file is missing or no image.
    """
    try:
        with Image.open(path) as image:
            size, orientation = image.size, image.getexif().get(0x0112, 1)
    except (OSError, ValueError, SyntaxError) as error:
        raise UnreadableImageError(f'Cannot read the image {path}: {error}') from error
    return size[::-1] if orientation >= 5 else size
