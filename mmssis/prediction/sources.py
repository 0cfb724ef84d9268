"""The images and videos that are given, and the names of their pictures."""

import os
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Union

from mmssis.datasets.image_folder import SUFFIXES, list_folder

VIDEOS = ('.mp4', '.avi', '.mov', '.mkv')
# Those that OpenCV does not write.
NOT_WRITTEN = {'.jfif': '.jpg', '.avi': '.mp4', '.mov': '.mp4', '.mkv': '.mp4'}


class Source(NamedTuple):
    """An image or a video.

    Attributes:
        path: the file.
        name: below the folder of the results, with sub-folders.
    """

    path: Path
    name: Path

    @property
    def is_video(self) -> bool:
        """Whether it is a video, by its ending."""
        return self.path.suffix.lower() in VIDEOS

    @property
    def picture(self) -> Path:
        """Name of its picture: its own, with another ending after it where need be."""
        ending = NOT_WRITTEN.get(self.name.suffix.lower(), '')
        return self.name.with_name(self.name.name + ending)


def list_sources(given: Sequence[Union[str, Path]], out_dir: Union[str, Path]) -> List[Source]:
    """List the files that are given, and the images of the folders as a training lists them.

    Args:
        given: images, videos and folders of images.
        out_dir: folder of the results; what lies in it is left out of the folders.

    Returns:
        Each file once. It is named by its place in the folder that was given; where that makes two
        names equal, all are named by their place in the deepest folder that holds them all.

    Raises:
        ValueError: if one does not exist or is no image, or a folder holds none.
    """
    names: Dict[Path, Path] = {}
    out = _absolute(out_dir)
    for path in map(Path, given):
        for file, name in (_of_folder(path, out) if path.is_dir() else _of_file(path)).items():
            names.setdefault(file, name)
    lowered = {str(name).lower() for name in names.values()}
    if len(lowered) < len(names):
        root = os.path.commonpath([file.parent for file in names])
        names = {file: file.relative_to(root) for file in names}
    return [Source(file, name) for file, name in names.items()]


def _of_file(path: Path) -> Dict[Path, Path]:
    """A file, and its name."""
    if not os.path.lexists(path):
        raise ValueError(f'{path} does not exist: give images, folders or videos')
    if path.suffix.lower() not in (*SUFFIXES, *VIDEOS):
        raise ValueError(f'{path} is no image or video: read are the endings '
                         f'{", ".join((*SUFFIXES, *VIDEOS))}')
    return {_absolute(path): Path(path.name)}


def _of_folder(folder: Path, out: Path) -> Dict[Path, Path]:
    """The images of a folder, and their places in it."""
    listing = list_folder(str(folder))
    found = {_absolute(path): Path(path).relative_to(folder) for path in listing.paths}
    if _absolute(folder) in out.parents:
        found = {path: name for path, name in found.items() if out not in path.parents}
    if not found:
        raise ValueError(f'{folder} holds no image: {listing}. Read are the endings '
                         f'{", ".join(SUFFIXES)}; name videos one by one')
    return found


def _absolute(path: Union[str, Path]) -> Path:
    """The path without ``..``; links stay."""
    return Path(os.path.abspath(path))
