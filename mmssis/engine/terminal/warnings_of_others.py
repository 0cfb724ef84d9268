"""Python's warnings about the code of libraries."""

import warnings

MESSAGES = ('torch.meshgrid: in an upcoming release',
            'Setting (OMP|MKL)_NUM_THREADS environment variable')


def ignore_library_warnings() -> None:
    """Ignore warnings that a user can do nothing about; for commands, not for a user's script."""
    for category in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
        warnings.filterwarnings('ignore', category=category)
    for message in MESSAGES:
        warnings.filterwarnings('ignore', message=message)
