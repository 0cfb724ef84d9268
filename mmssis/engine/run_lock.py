"""One training run per work directory."""

import os
import socket
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional, Tuple, Union

from mmengine.dist import broadcast_object_list, is_main_process

from mmssis.engine.atomic_backend import remove_partial_files
from mmssis.engine.run import leave_process_group
from mmssis.utils.file_lock import lock_file, unlock_file
from mmssis.utils.write_errors import WriteError, explain_write_error

LOCK_NAME = '.training.lock'


@contextmanager
def hold_work_dir(work_dir: Union[str, Path]) -> Iterator[None]:
    """Keep a second training out of a work directory, and clear what a killed one left there.

    Rank 0 locks a file in it and tells the others. Testing takes no lock. Call it once the process
    group is there and before anything is written.

    Args:
        work_dir: folder of the run; it is made.

    Raises:
        SystemExit: on all ranks, if another run holds the folder or it cannot be written.
    """
    first = is_main_process()
    handle, problem = _lock(Path(work_dir)) if first else (None, None)
    told = [problem]
    broadcast_object_list(told)
    if told[0] is not None:
        leave_process_group()
        raise SystemExit(told[0] if first else 1)
    try:
        yield
    finally:
        if handle is not None:
            # Workers that are still about to end have the file open too.
            unlock_file(handle)
            os.close(handle)


def _lock(work_dir: Path) -> Tuple[Optional[int], Optional[str]]:
    """Lock the folder; the lock's file, if there is a lock, and why it was refused."""
    path = work_dir / LOCK_NAME
    try:
        work_dir.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        return None, f'work directory: {explain_write_error(error, work_dir)}'
    try:
        if not lock_file(handle):
            os.close(handle)
            print(f'The file system of {work_dir} has no locks: take care that no other training '
                  'uses it.', flush=True)
            return None, None
        _sign(handle)
        _clear(work_dir)
    except BlockingIOError:
        refusal = (f'{work_dir} is in use by another training: {_holder(handle)}. Two in one '
                   'folder would mix their checkpoints and logs. Give this one its own (--work-dir '
                   'PATH), or stop the other and go on from its last checkpoint with --resume.')
        os.close(handle)
        return None, refusal
    except WriteError as error:
        os.close(handle)
        return None, f'work directory: {error}'
    return handle, None


def _sign(handle: int) -> None:
    """Write who holds the lock, for the message to the next."""
    text = (f'process {os.getpid()} on {socket.gethostname()}, since '
            f'{time.strftime("%Y-%m-%d %H:%M:%S")}')
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, text.encode(), 0)
    except OSError as error:
        raise explain_write_error(error, LOCK_NAME) from error


def _holder(handle: int) -> str:
    """Who holds the lock, as far as known."""
    text = os.pread(handle, 200, 0).decode(errors='replace').strip()
    return text or 'a process that has not said which'


def _clear(work_dir: Path) -> None:
    """Remove files that were never finished."""
    removed = remove_partial_files(work_dir)
    if removed:
        print(f'Removed {len(removed)} unfinished files of killed runs from {work_dir}: '
              f'{", ".join(removed[:3])}{", ..." if removed[3:] else ""}', flush=True)
