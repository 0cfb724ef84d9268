"""The files and folders of a user's data."""

import os
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Dict, Optional, Union

PathLike = Union[str, Path]


@dataclass(frozen=True)
class DataFiles:
    """Absolute paths of a data set.

    Attributes:
        labeled: COCO file with masks.
        images: folder of its images.
        unlabeled: folder of images, or COCO file that lists some.
        unlabeled_images: folder of the images of such a file.
        val: COCO file to validate on; None until one is split off.
        val_images: folder of its images.
    """

    labeled: Path
    images: Path
    unlabeled: Path
    unlabeled_images: Path
    val: Optional[Path]
    val_images: Path

    def moved(self, source: Path, target: Path) -> 'DataFiles':
        """The same with files of one folder in another.

        Args:
            source: the folder in which they are.
            target: the folder in which they will be.
        """
        paths = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: target / path.name for name, path in paths.items()
                                if path is not None and path.parent == source})

    def as_data_set(self) -> Dict[str, Any]:
        """The settings of ``data_set``; what lies outside of its root has an absolute path."""
        root = self._root()
        names = {field.name: _below(root, getattr(self, field.name)) for field in fields(self)}
        image_dirs = dict(labeled=names['images'], val=names['val_images'])
        if self.unlabeled.suffix == '.json':
            image_dirs['unlabeled'] = names['unlabeled_images']
        return dict(
            root=str(root), labeled=names['labeled'], unlabeled=names['unlabeled'],
            val=names['val'],
            image_dirs=image_dirs if len(set(image_dirs.values())) > 1 else names['images'])

    def _root(self) -> Path:
        """The folder that holds all folders of images, or else that of the labeled ones."""
        folders = [self.images, self.unlabeled_images, self.val_images]
        common = Path(os.path.commonpath([folder.parent for folder in folders]))
        return self.images.parent if common == Path(common.anchor) else common


def find_files(labeled: PathLike, images: PathLike, unlabeled: PathLike,
               val: Optional[PathLike] = None,
               val_images: Optional[PathLike] = None) -> DataFiles:
    """Look for the files of a data set.

    Args:
        labeled: COCO file with masks.
        images: folder of its images.
        unlabeled: folder of images, or COCO file (.json) that lists images of ``images``.
        val: COCO file to validate on.
        val_images: folder of its images; default: ``images``.

    Returns:
        Their absolute paths.

    Raises:
        ValueError: if one is not there, with the option of ``mmssis init`` that names it.
    """
    if val is None and val_images is not None:
        raise ValueError(f'--val-images {val_images} is read with --val only: give --val too, or '
                         'leave it out; images that are split off stay in --images')
    source = Path(os.path.abspath(unlabeled))
    if not source.is_dir():
        source = _file('--unlabeled', unlabeled, 'a folder of images, or ')
    folder = _folder('--images', images)
    return DataFiles(
        labeled=_file('--labeled', labeled),
        images=folder,
        unlabeled=source,
        unlabeled_images=folder if source.is_file() else source,
        val=None if val is None else _file('--val', val),
        val_images=folder if val_images is None else _folder('--val-images', val_images))


def _below(root: Path, path: Path) -> str:
    """A path as ``data_set`` has it: relative to its root where it lies below it."""
    return str(path.relative_to(root) if path.is_relative_to(root) else path)


def _file(option: str, path: PathLike, also: str = '') -> Path:
    """The absolute path of a COCO file."""
    found = Path(os.path.abspath(path))
    if not found.is_file():
        fault = 'is not a file' if found.exists() else 'is not there'
        raise ValueError(f'{option} {path} {fault} (looked for {found}): give {also}a COCO '
                         'annotation file')
    if found.suffix != '.json':
        raise ValueError(f'{option} {path} does not end in .json: give {also}a COCO annotation '
                         'file')
    return found


def _folder(option: str, path: PathLike) -> Path:
    """The absolute path of a folder."""
    found = Path(os.path.abspath(path))
    if not found.is_dir():
        fault = 'is not a folder' if found.exists() else 'is not there'
        raise ValueError(f'{option} {path} {fault} (looked for {found}): give the folder that '
                         '"file_name" in the annotation file is relative to')
    return found
