"""A page in a real, headless Chromium; tests are skipped where there is none."""

import io
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List, Tuple

import numpy as np
import pytest
from PIL import Image

BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')


@contextmanager
def started() -> Iterator[object]:
    """Start a browser of playwright; skips the test where there is none."""
    playwright = pytest.importorskip('playwright.sync_api', reason='playwright is not installed')
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f'no browser: install one of {BROWSERS}')
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=['--no-sandbox'])
        yield browser
        browser.close()


@contextmanager
def opened(browser: object, file: Path, width: int = 1200, scheme: str = 'light'
           ) -> Iterator[Tuple[object, List]]:
    """Open a file from disk.

    Args:
        browser: of :func:`started`.
        file: the HTML file.
        width: of the window.
        scheme: 'light' or 'dark'.

    Yields:
        The page of playwright, and a list of what went wrong so far: errors and warnings of the
        console, exceptions, requests to the network.
    """
    page = browser.new_page(color_scheme=scheme, viewport=dict(width=width, height=900))
    page.set_default_timeout(120_000)
    faults: List[str] = []
    page.on('console', lambda message: message.type in ('error', 'warning')
            and faults.append(message.text))
    page.on('pageerror', lambda error: faults.append(str(error)))
    page.on('request', lambda request: request.url.startswith('http')
            and faults.append(request.url))
    page.goto(file.absolute().as_uri())
    yield page, faults
    page.close()


def pixels_of(element: object) -> np.ndarray:
    """What an element looks like, (H, W, 3) uint8."""
    return np.asarray(Image.open(io.BytesIO(element.screenshot())).convert('RGB'))
