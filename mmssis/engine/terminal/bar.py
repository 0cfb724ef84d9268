"""The bar of a run."""

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text


def bar_of(title: str, done: int, total: int, pace: str, numbers: str = '') -> RenderableType:
    """A line with a bar, and one of numbers below it where there are some.

    Args:
        title: before the bar.
        done: steps that are done.
        total: of all steps.
        pace: after the bar.
        numbers: of the second line.

    Returns:
        What rich draws; no line is longer than the terminal is wide.
    """
    line = Table.grid(padding=(0, 2, 0, 0))
    line.add_row(*(Text(title, no_wrap=True), ProgressBar(total, done, width=20),
                   Text(f'{done}/{total}', no_wrap=True),
                   Text(pace, no_wrap=True, overflow='ellipsis')))
    below = Text(numbers, no_wrap=True, overflow='ellipsis')
    return Group(line, below) if numbers else line
