"""Checkpoints that are either whole or not there."""

import os
import tempfile
from pathlib import Path
from typing import Union

from mmengine.fileio import LocalBackend, register_backend


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
            OSError: If the disk is full or the folder cannot be written; no file is left behind.
        """
        folder, name = os.path.split(os.path.abspath(filepath))
        os.makedirs(folder, exist_ok=True)
        # In the same folder, since a rename is atomic within one file system only.
        handle, partial = tempfile.mkstemp(prefix=f'.{name}.', suffix='.partial', dir=folder)
        try:
            with os.fdopen(handle, 'wb') as file:
                file.write(obj)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(partial, 0o666 & ~_umask())
            os.replace(partial, filepath)
        except BaseException:
            os.unlink(partial)
            raise
        _sync_folder(folder)

    def put_text(self, obj: str, filepath: Union[str, Path], encoding: str = 'utf-8') -> None:
        """Write text in the same way.

        Args:
            obj (str): Text to be written.
            filepath (str | Path): File to write; its folder is made.
            encoding (str): Encoding of the file.
        """
        self.put(obj.encode(encoding), filepath)


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
