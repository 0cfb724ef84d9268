"""The images of a folder: one list for training, generation and pictures."""

import os
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Iterator, Sequence

from .image_errors import file_problem

# .jfif is a JPEG under the name that some browsers give it.
SUFFIXES = ('.jpg', '.jpeg', '.jfif', '.png', '.bmp', '.tif', '.tiff', '.webp')
OTHER_IMAGES = frozenset((
    '.jpe', '.jp2', '.j2k', '.jpx', '.jxl', '.gif', '.heic', '.heif', '.avif', '.ppm', '.pgm',
    '.pbm', '.pnm', '.tga', '.psd', '.ico', '.svg', '.hdr', '.exr', '.pfm', '.dng', '.cr2', '.cr3',
    '.nef', '.arw', '.raw', '.dcm', '.npy')).union(SUFFIXES)
# Without a leading dot, and with copies or thumbnails of images: archives of macOS, network
# drives of Synology and QNAP, Windows, the repair of ext4.
SYSTEM_FOLDERS = frozenset((
    '__MACOSX', '@eaDir', '@Recycle', '#recycle', '#snapshot', '$RECYCLE.BIN',
    'System Volume Information', 'lost+found'))


@dataclass
class FolderListing:
    """The images of a folder.

    Args:
        paths (list[str]): All files that end like an image, sorted, usable or not.
        problems (dict[str, str]): Those that are no files with content, with the reason, see
            :func:`file_problem`.
        left_out (Counter): Numbers of ``'hidden folder'``, ``'hidden file'`` (that ends like an
            image), ``'visited already'`` (links to a folder that was read) and ``'other file
            ending'`` (of images in formats that are not read).
        endings (Counter): Files by ending, of those that do not end like an image.
    """

    paths: list[str] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    left_out: Counter = field(default_factory=Counter)
    endings: Counter = field(default_factory=Counter)

    def __str__(self) -> str:
        """What is left out, in words."""
        counts = [f'{number} files end in {ending or "nothing"}'
                  for ending, number in self.endings.most_common(5)]
        return ', '.join(counts + [f'{name}: {number}' for name, number in self.left_out.items()
                                   if name != 'other file ending']) or 'there is no file in it'


def list_folder(root: str, suffixes: Sequence[str] = SUFFIXES,
                recursive: bool = True) -> FolderListing:
    """List the images of a folder; none is opened.

    Files and folders whose names start with a dot and folders of systems (``__MACOSX``) are left
    out. A folder is read once, also if links lead to it or back to one above it.

    Args:
        root (str): Folder; its own name may start with a dot.
        suffixes (Sequence[str]): Endings of images, compared in lower case.
        recursive (bool): Whether sub-folders are read too. Defaults to True.

    Returns:
        FolderListing: The images, and what was left out.

    Raises:
        ValueError: If a folder cannot be listed.
    """
    listing, suffixes = FolderListing(), tuple(suffix.lower() for suffix in suffixes)
    for folder in _folders(root, recursive, listing.left_out):
        for entry in folder:
            ending = os.path.splitext(entry.name)[1].lower()
            if entry.name.lower().endswith(suffixes):
                if entry.name.startswith('.'):
                    listing.left_out['hidden file'] += 1
                else:
                    listing.paths.append(entry.path)
            elif not entry.name.startswith('.'):
                listing.endings[ending] += 1
                if ending in OTHER_IMAGES:
                    listing.left_out['other file ending'] += 1
    listing.paths.sort()
    problems = ((path, file_problem(path)) for path in listing.paths)
    listing.problems = {path: problem for path, problem in problems if problem}
    return listing


def _folders(root: str, recursive: bool, left_out: Counter) -> Iterator[list[os.DirEntry]]:
    """The entries of each folder that are no folders themselves.

    Links wait until all else is read, so that a file is listed under its own path if it has one.
    """
    seen: set[tuple[int, int]] = set()
    waiting = deque([root])
    while waiting:
        identity, entries = _read_folder(waiting.popleft())
        if identity in seen:
            left_out['visited already'] += 1
            continue
        seen.add(identity)
        folders = [entry for entry in entries if _is_folder(entry)]
        yield [entry for entry in entries if not _is_folder(entry)]
        for entry in folders if recursive else ():
            if entry.name.startswith('.') or entry.name in SYSTEM_FOLDERS:
                left_out['hidden folder'] += 1
            elif entry.is_symlink():
                waiting.append(entry.path)
            else:
                waiting.appendleft(entry.path)


def _read_folder(folder: str) -> tuple[tuple[int, int], list[os.DirEntry]]:
    """What a folder is, by whichever path, and its entries by name."""
    try:
        info = os.stat(folder)
        with os.scandir(folder) as entries:
            return (info.st_dev, info.st_ino), sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise ValueError(f'The folder of images {folder} cannot be listed: {error.strerror}. Give '
                         'read permission, or move it elsewhere.') from error


def _is_folder(entry: os.DirEntry) -> bool:
    """Whether an entry is a folder or leads to one; a link in a loop does not."""
    if entry.is_symlink():
        return os.path.isdir(entry.path)
    return entry.is_dir(follow_symlinks=False)
