"""The error of an image that cannot be read, and what can be said before it is opened."""

import os
import stat
from typing import Optional


class UnreadableImageError(OSError):
    """An image file that is missing, truncated, not an image, or one that must not be decoded.

    It is an ``OSError``, so data sets treat it like a file that cannot be opened.
    """


def file_problem(path: str) -> Optional[str]:
    """Why a path is no file with content, found without opening it: a pipe would block.

    Args:
        path (str): Path on this machine; links are followed.

    Returns:
        str or None: ``'missing or empty'`` (also a link to nothing or to itself), ``'not a regular
        file'`` (folder, pipe, device, socket) or ``'no read permission'``; None if it is fine.
    """
    try:
        info = os.stat(path)
    except (OSError, ValueError):  # ValueError: a name with a zero byte.
        return 'missing or empty'
    if not stat.S_ISREG(info.st_mode):
        return 'not a regular file'
    if not info.st_size:
        return 'missing or empty'
    return None if os.access(path, os.R_OK) else 'no read permission'
