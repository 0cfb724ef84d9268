"""From content to one HTML file that needs nothing else."""

import datetime
from pathlib import Path
from typing import Any, Dict, Optional

from jinja2 import Environment, PackageLoader, StrictUndefined
from plotly.offline import get_plotlyjs

from mmssis.engine.atomic_backend import AtomicBackend

RELOAD_SECONDS = 20


def write_page(content: Dict[str, Any], out: Path, watched: bool = False) -> None:
    """Write a page; an earlier one is replaced once the new one is complete.

    Args:
        content: of :func:`~mmssis.report.run_page.run_page` or
            :func:`~mmssis.report.pseudo_page.pseudo_page`.
        out: the HTML file.
        watched: whether the page loads itself again from time to time.

    Raises:
        WriteError: if it cannot be written.
    """
    environment = Environment(
        loader=PackageLoader('mmssis.report', 'page'), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=StrictUndefined)
    environment.filters.update(percent=_percent, number=_number)
    figures = content['course'].get('figures') if 'course' in content else None
    text = environment.get_template('report.html').render(
        content, script=_data(content), plotly=get_plotlyjs() if figures else None,
        created=datetime.datetime.now().strftime('%Y-%m-%d %H:%M'),
        reload=RELOAD_SECONDS if watched else 0)
    AtomicBackend().put_text(text, out)


def _data(content: Dict[str, Any]) -> Dict[str, Any]:
    """What the script of the page draws."""
    worst = content['wrong'].get('worst', []) if 'wrong' in content else []
    return dict(classes=content['classes'], palette=content['palette'], worst=worst,
                gallery=None if 'missing' in content['taught'] else content['taught'])


def _percent(value: Optional[float]) -> str:
    """A share in [0, 1] in points of a hundred; a dash where there is none."""
    return '–' if value is None or value < 0 else f'{100 * value:.1f}'


def _number(value: Optional[float]) -> str:
    """A whole number or one with few digits; a dash where there is none."""
    if value is None:
        return '–'
    return f'{value:,}' if isinstance(value, int) else f'{value:.3g}'
