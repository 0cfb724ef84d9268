"""Checkpoints that are either whole or not there."""

import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import List, Union

from mmengine.fileio import LocalBackend, register_backend

from mmssis.utils.write_errors import explain_write_error

PARTIAL = re.compile(r'\..+\.[a-z0-9_]{8}\.partial')
"""Name of a file that is being written: the final name between a dot and ``mkstemp``'s letters."""


@register_backend('atomic')
class AtomicBackend(LocalBackend):
    """Local files that are written under another name and renamed when they are complete.

    A process that is killed while it writes leaves the previous file untouched. Used as
    ``default_hooks.checkpoint.backend_args=dict(backend='atomic')``. MMEngine deletes the oldest
    checkpoint before it writes the next, so keep at least two (``max_keep_ckpts``).
    """

    def put(self, obj: bytes, filepath: Union[str, Path]) -> None:
        """Write bytes; ``filepath`` appears or changes only once all of them are on the disk.

        Args:
            obj (bytes): Data to be written.
            filepath (str | Path): File to write; its folder is made.

        Raises:
            WriteError: If the disk is full or the folder cannot be written; no file is left behind.
        """
        folder = os.path.dirname(os.path.abspath(filepath))
        try:
            os.makedirs(folder, exist_ok=True)
            _write_and_rename(obj, folder, os.path.abspath(filepath))
        except OSError as error:
            raise explain_write_error(error, filepath, len(obj)) from error
        _sync_folder(folder)

    def put_text(self, obj: str, filepath: Union[str, Path], encoding: str = 'utf-8') -> None:
        """Write text in the same way.

        Args:
            obj (str): Text to be written.
            filepath (str | Path): File to write; its folder is made.
            encoding (str): Encoding of the file.
        """
        self.put(obj.encode(encoding), filepath)


def remove_partial_files(folder: Union[str, Path]) -> List[str]:
    """Remove what processes that were killed while they wrote have left; nobody may write now.

    Args:
        folder (str | Path): Folder of checkpoints; those below it are left alone.

    Returns:
        list[str]: Names of the removed files.
    """
    removed = []
    for path in sorted(Path(folder).glob('.*.partial')):
        if PARTIAL.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            with suppress(OSError):
                path.unlink()
                removed.append(path.name)
    return removed


def _write_and_rename(content: bytes, folder: str, filepath: str) -> None:
    """Write a hidden file in the same folder, since a rename is atomic in one file system only."""
    handle, partial = tempfile.mkstemp(prefix=f'.{os.path.basename(filepath)}.',
                                       suffix='.partial', dir=folder)
    try:
        with os.fdopen(handle, 'wb') as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(partial, 0o666 & ~_umask())
        os.replace(partial, filepath)
    except BaseException:
        os.unlink(partial)
        raise


def _umask() -> int:
    """Return the permissions that new files lack; ``mkstemp`` would make them private."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: str) -> None:
    """Write the renamed entry to the disk, where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
