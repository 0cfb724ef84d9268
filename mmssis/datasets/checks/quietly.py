"""Silence for evaluators that are tried."""

import io
from contextlib import contextmanager, redirect_stdout
from typing import Iterator

from mmengine.logging import MMLogger


@contextmanager
def quietly() -> Iterator[None]:
    """Keep what pycocotools prints and mmdet logs off the screen and out of the log."""
    logger = MMLogger.get_current_instance()
    was_disabled, logger.disabled = logger.disabled, True
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logger.disabled = was_disabled
