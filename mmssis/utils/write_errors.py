"""Errors of writing with the cause and the remedy: a full disk, a folder that cannot be written."""

import errno
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Union

_FULL = (errno.ENOSPC, errno.EDQUOT)
_ONLY_WRITING = (*_FULL, errno.EFBIG, errno.EROFS)
_MB = 2**20


class WriteError(OSError):
    """An error of writing whose message says what to do."""


def explain_write_error(error: OSError, path: Union[str, Path], size: int = 0) -> WriteError:
    """Say what could not be written, why, and what to do.

    Args:
        error: what the system said.
        path: the file, or the folder of the files.
        size: bytes to be written; 0 if unknown.

    Returns:
        The error to raise, of the same ``errno``.
    """
    amount = f' ({_megabytes(size)} MB)' if size else ''
    if error.errno in _FULL:
        cause = f'{_free(path)} MB are free there for this user'
        remedy = f'Free {_megabytes(size)} MB' if size else 'Make room'
    elif error.errno == errno.EFBIG:
        cause = 'it is larger than this session may write (see `ulimit -f`)'
        remedy = 'Raise that limit'
    elif error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        cause = 'the folder cannot be written'
        remedy = 'Make it writable'
    else:
        cause, remedy = 'the reason stands in front', 'Mend that'
    return WriteError(
        error.errno,
        f'{error.strerror}: {path}{amount} could not be written; {cause}. {remedy}, or name '
        'another folder (training: --work-dir). What was written before is whole: the same '
        'command goes on from there, training with --resume or --resume CHECKPOINT')


@contextmanager
def explained_write_errors(folder: Union[str, Path]) -> Iterator[None]:
    """Explain errors of writing that the packages below us raise without a file or a remedy.

    Args:
        folder: where a run writes. Errors about files elsewhere pass unchanged.

    Raises:
        WriteError: in place of the system's error.
    """
    try:
        yield
    except WriteError:
        raise
    except OSError as error:
        inside = error.filename is not None and _is_inside(error.filename, folder)
        # Reading never meets these; the system does not say which file it was.
        nameless = error.filename is None and error.errno in _ONLY_WRITING
        denied = error.errno in (*_ONLY_WRITING, errno.EACCES, errno.EPERM, errno.ENOTDIR,
                                 errno.EEXIST)
        if nameless or (inside and denied):
            raise explain_write_error(error, error.filename or folder) from error
        raise


def _is_inside(path: object, folder: Union[str, Path]) -> bool:
    """Whether a path is a folder or something below it."""
    if not isinstance(path, (str, os.PathLike)):
        return False
    root = os.path.abspath(folder)
    return os.path.commonpath([root, os.path.abspath(path)]) == root


def _free(path: Union[str, Path]) -> int:
    """Free megabytes at a path or at the nearest folder above it that exists."""
    folder = next(parent for parent in (Path(path).absolute(), *Path(path).absolute().parents)
                  if parent.is_dir())
    return shutil.disk_usage(folder).free // _MB


def _megabytes(size: int) -> int:
    """Megabytes, rounded up."""
    return -(-size // _MB)
