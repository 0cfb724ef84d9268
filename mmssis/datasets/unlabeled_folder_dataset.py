"""Unlabeled images as a plain folder."""

import os
from collections import Counter
from typing import Callable, List, Optional, Sequence, Union

from mmdet.registry import DATASETS
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from .checks.coco_validation import shorten
from .image_errors import file_problem
from .image_folder import SUFFIXES, FolderListing, list_folder
from .image_header import shown_size


@DATASETS.register_module()
class UnlabeledFolderDataset(BaseDataset):
    """The images of a folder, sorted by path, without any annotation file.

    Building it lists files and opens none; hidden files and folders are left out, see
    :func:`list_folder`. The size of an image is read from its header when the
    sample is asked for; it is that of the image as shown, EXIF rotation applied.

    Args:
        data_root (str): Folder of the images, and root of the paths of ``list_file``.
        list_file (str, optional): Text file with one image path per line, relative to
            ``data_root``; blank lines and lines that start with ``#`` are left out. None takes all
            images of the folder. Defaults to None.
        recursive (bool): Whether sub-folders are read too. Defaults to True.
        suffixes (Sequence[str]): File name endings of images, compared in lower case.
        on_unreadable (str): What to do with files that are missing, empty or no regular files:
            ``'error'`` lists them and stops, ``'skip'`` lists them and goes on. Damaged images
            are found only when they are read, see :class:`SemiDataset`. Defaults to ``'error'``.
        metainfo (dict, optional): Class names; None takes those of the labeled data set.
        pipeline (list): Transforms. Defaults to ().
        indices (int or Sequence[int], optional): Use only these images. Defaults to None.

    Attributes:
        left_out (dict[str, int]): How much of the folder is not learned from, by reason: those of
            :class:`FolderListing` and of :func:`file_problem`.

    Raises:
        ValueError: If there is no image, a folder cannot be listed, or an image is missing and
            ``on_unreadable='error'``.
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
        self.left_out: dict[str, int] = {}
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
        listing = self.list_files()
        if listing.problems:
            self._report(listing.problems)
        paths = [path for path in listing.paths if path not in listing.problems]
        self.left_out = dict(listing.left_out + Counter(listing.problems.values()))
        if not paths:
            raise ValueError(
                f'No unlabeled image found in {self.list_file or self.data_root} '
                f'(data_set.unlabeled): {listing}. Read are the endings '
                f'{", ".join(self.suffixes)} with recursive={self.recursive}. Correct the path, '
                'or convert the images.')
        return [dict(img_id=i, img_path=path, instances=[]) for i, path in enumerate(paths)]

    def list_files(self) -> FolderListing:
        """List the images of the folder or the list file, those that cannot be used too.

        Returns:
            FolderListing: Paths in the order of the data set, and what is left out.
        """
        if self.list_file is None:
            return list_folder(self.data_root, self.suffixes, self.recursive)
        paths = self._paths_of_list()
        problems = {path: file_problem(path) for path in paths}
        return FolderListing(paths, {path: why for path, why in problems.items() if why})

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

    def _paths_of_list(self) -> list[str]:
        """Sorted image paths of the list file, each once."""
        with open(self.list_file, encoding='utf-8') as file:
            lines = {line.strip() for line in file}
        names = [line for line in lines if line and not line.startswith('#')]
        return sorted(os.path.join(self.data_root, name) for name in names)

    def _report(self, problems: dict[str, str]) -> None:
        """Refuse or announce files that cannot be used."""
        message = f'{len(problems)} unlabeled images are {_joined(problems)}.'
        if self.on_unreadable == 'error':
            raise ValueError(f'{message} Restore them, or set on_unreadable="skip".')
        print_log(f'{message} They are skipped.', logger='current', level=30)


def _joined(problems: dict[str, str]) -> str:
    """Reasons with their files."""
    return '; '.join(
        f'{reason}: {shorten([path for path, why in problems.items() if why == reason])}'
        for reason in sorted(set(problems.values())))
