"""Paths relative to a folder."""

import os
from pathlib import Path
from typing import Union


def relative(path: Union[str, Path], folder: Union[str, Path]) -> str:
    """A path relative to a folder, with slashes.

    Links among the folders are resolved, since ``..`` of a link is the parent of its target; the
    file itself may be a link and keeps its name.

    Args:
        path: of a file or a folder.
        folder: what it is made relative to.
    """
    parent, name = os.path.split(path)
    real = os.path.join(os.path.realpath(parent), name)
    return Path(os.path.relpath(real, os.path.realpath(folder))).as_posix()
