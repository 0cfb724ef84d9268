"""The standard output and the logger of a run, as its terminal shows them."""

import io
import logging
import sys
from contextlib import contextmanager, redirect_stdout
from typing import Iterator, Optional, TextIO

from mmengine.logging import MMLogger

from .speaker import is_library, is_shown, speaker
from .terminal import Terminal


@contextmanager
def open_terminal(verbose: bool) -> Iterator[Optional[Terminal]]:
    """The standard output as the terminal of a run.

    What libraries print goes to the log file of the run meanwhile.

    Args:
        verbose: whether to leave everything as MMEngine does it.

    Yields:
        The terminal; None with ``verbose``.
    """
    if verbose:
        yield None
        return
    stream = sys.stdout
    terminal = Terminal(stream)
    printed = _PrintedLines(terminal, stream)
    try:
        with redirect_stdout(printed):
            yield terminal
    finally:
        terminal.remove_bar()
        printed.close_lines()
        if terminal.log is not None:
            _give_back(terminal.log, stream)


def take_over(terminal: Terminal, logger: MMLogger) -> MMLogger:
    """Show the lines of a logger on a terminal, in place of the logger's own output to it.

    Args:
        terminal: where.
        logger: of a runner.

    Returns:
        The logger.
    """
    for handler in list(logger.handlers):
        if type(handler) is logging.StreamHandler:
            logger.handlers.remove(handler)
            logger.handlers.append(_LinesOfLog(terminal, handler))
    terminal.log = logger
    return logger


def _give_back(logger: MMLogger, stream: TextIO) -> None:
    """Let a logger, which lives on after its run, write to the standard output by itself again."""
    for handler in list(logger.handlers):
        if isinstance(handler, _LinesOfLog):
            logger.handlers.remove(handler)
            handler.replaced.setStream(stream)
            logger.handlers.append(handler.replaced)


class _LinesOfLog(logging.StreamHandler):
    """Shows those lines of a log that are for the terminal.

    MMEngine's MLflow backend looks at the stream of every handler, so it has one.

    Args:
        terminal: where.
        replaced: the handler whose stream, level and filters hold.
    """

    def __init__(self, terminal: Terminal, replaced: logging.StreamHandler) -> None:
        super().__init__(replaced.stream)
        self.replaced = replaced
        self.setLevel(replaced.level)
        self._terminal = terminal
        self.filters = list(replaced.filters)

    def emit(self, record: logging.LogRecord) -> None:
        """Show a line."""
        if is_shown(record, speaker()):
            self._terminal.say(record.getMessage(), record.levelno)


class _PrintedLines(io.TextIOBase):
    """A standard output whose lines go to the terminal, or to the log if a library prints them.

    Args:
        terminal: where lines are shown.
        stream: the standard output.
    """

    def __init__(self, terminal: Terminal, stream: TextIO) -> None:
        self._terminal = terminal
        self._stream = stream
        self._begun = {True: '', False: ''}

    @property
    def encoding(self) -> str:
        """Of the standard output."""
        return self._stream.encoding

    def write(self, text: str) -> int:
        """Pass on the lines that are complete."""
        by_library = is_library(speaker())
        *lines, self._begun[by_library] = (self._begun[by_library] + text).split('\n')
        for line in lines:
            self._pass_on(line, by_library)
        return len(text)

    def close_lines(self) -> None:
        """Pass on what has no end of line yet."""
        for by_library, line in self._begun.items():
            if line:
                self._pass_on(line, by_library)

    def isatty(self) -> bool:
        """Whether the standard output is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The number of the standard output."""
        return self._stream.fileno()

    def flush(self) -> None:
        """Flush the standard output."""
        self._stream.flush()

    def _pass_on(self, line: str, by_library: bool) -> None:
        """Show or log a line."""
        log = self._terminal.log
        if log is None or not by_library:
            self._terminal.say(line)
        elif line.strip():
            log.info(line)
