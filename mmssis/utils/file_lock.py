"""A lock that the system takes away from a process that ends, however it ends."""

import fcntl


def lock_file(handle: int) -> bool:
    """Lock an open file against every other process.

    The lock ends with the process (and the processes forked from it), so a killed one leaves none.

    Args:
        handle: descriptor of the file.

    Returns:
        False if the file system has no locks, as some network file systems.

    Raises:
        BlockingIOError: if another process holds the lock.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True


def unlock_file(handle: int) -> None:
    """Give the lock back, also where a forked process has the file open still.

    Args:
        handle: descriptor of the file.
    """
    fcntl.flock(handle, fcntl.LOCK_UN)
