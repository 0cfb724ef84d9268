"""The terminal of a run: lines, and below them a bar where it can be redrawn."""

import logging
import os
import time
from typing import Callable, Dict, Optional, TextIO

from mmengine.logging import MMLogger
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

SECONDS_BETWEEN_DRAWINGS = 0.25
TITLES: Dict[int, str] = {logging.WARNING: 'Warning: ', logging.ERROR: 'Error: ',
                          logging.CRITICAL: 'Error: '}
COLORS: Dict[int, str] = {logging.WARNING: 'yellow', logging.ERROR: 'red', logging.CRITICAL: 'red'}


class Terminal:
    """Where a run shows lines and a bar.

    The bar is drawn by the thread that trains and never by one of its own: worker processes are
    forked, and a lock that another thread held then would never be free in them.

    Args:
        stream: the standard output.

    Attributes:
        redraws: whether a bar can be drawn; in a pipe or a file it cannot.
        log: of the run, once its logger was taken over.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.redraws = stream.isatty() and os.environ.get('TERM') != 'dumb'
        self.log: Optional[MMLogger] = None
        self._console = Console(file=stream, force_terminal=self.redraws, markup=False,
                                highlight=False, emoji=False)
        self._owner = os.getpid()
        self._live: Optional[Live] = None
        self._drawn = 0.0

    def say(self, text: str, level: int = logging.INFO) -> None:
        """Write a line, above the bar.

        Args:
            text: the line, or several.
            level: of :mod:`logging`; warnings and errors are marked.
        """
        title = TITLES.get(level, '')
        if self.redraws and os.getpid() == self._owner:
            marked = Text.assemble((title, COLORS.get(level, '')), text)
            self._console.print(marked, soft_wrap=True)
        else:
            self._stream.write(f'{title}{text}\n')
            self._stream.flush()

    def draw(self, bar: Callable[[], RenderableType], at_once: bool = False) -> None:
        """Draw the bar, four times a second at most; nothing where nothing can be redrawn.

        Args:
            bar: makes what is drawn.
            at_once: whether to draw it however short ago the last one was.
        """
        now = time.monotonic()
        if not self.redraws or not (at_once or now - self._drawn >= SECONDS_BETWEEN_DRAWINGS):
            return
        self._drawn = now
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True,
                              redirect_stdout=False)
            self._live.start()
        self._live.update(bar(), refresh=True)

    def remove_bar(self) -> None:
        """Remove the bar; the next drawing begins a new one."""
        if self._live is not None:
            self._live.stop()
            self._live = None
