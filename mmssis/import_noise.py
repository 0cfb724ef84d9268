"""A line that mmdet prints whenever it is imported, whatever the log level."""

import sys
from contextlib import contextmanager, redirect_stdout
from typing import Any, Iterator, TextIO

NOISE = 'Could not import OneDL. Skipping OneDL datasets.'


@contextmanager
def without_import_noise() -> Iterator[None]:
    """Drop the line that tells of an optional package of onedl-mmdetection; all others pass."""
    with redirect_stdout(_WithoutLine(sys.stdout)):
        yield


class _WithoutLine:
    """An output but for one line. A module that keeps it goes on writing to the output."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._drops_end = False

    def write(self, text: str) -> int:
        """Write, unless it is the line or its end."""
        dropped = text == NOISE or (self._drops_end and text == '\n')
        self._drops_end = text == NOISE
        return len(text) if dropped else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
