"""A diagnosis on the screen."""

from typing import Any, Dict, Iterator, Optional

from rich.console import Console
from rich.table import Table

from .advice import LEAST_COST, LEAST_SHARE, LEAST_WRONG
from .threshold_table import LEAST

EXPLAINED = {
    'class': 'right mask, wrong class', 'mask': 'right class, IoU 0.1 to 0.5',
    'both': 'wrong class and poor mask', 'duplicate': 'object found twice',
    'background': 'no object there', 'missed': 'no prediction about it',
}
SHOWN = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.98, 0.99)
SHOWN_MASKS = (0.0, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)


def show(diagnosis: Dict[str, Any]) -> None:
    """Print tables and advice.

    Args:
        diagnosis: of :func:`mmssis.api.diagnose`.
    """
    console = Console(soft_wrap=True)
    console.print(f'{diagnosis["images"]} labeled images with {diagnosis["objects"]} objects; '
                  f'mask AP {100 * diagnosis["ap"]:.1f}, AP50 {100 * diagnosis["ap_50"]:.1f}')
    console.print(_errors(diagnosis))
    thresholds = diagnosis['thresholds']
    if thresholds is None:
        console.print(f'No thresholds: {diagnosis["no_thresholds"]}.', markup=False)
    else:
        console.print(_table(thresholds))
        for line in _suggestions(thresholds):
            console.print(line, markup=False, highlight=False)
    for line in _advice(diagnosis):
        console.print(line, markup=False, highlight=False)


def _errors(diagnosis: Dict[str, Any]) -> Table:
    """What each kind of error costs."""
    table = Table('error', 'number', 'costs AP50', 'costs AP', 'what it is', title_justify='left',
                  title='What AP would gain without each kind of error, alone')
    for kind, error in sorted(diagnosis['errors'].items(), key=lambda item: -item[1]['ap_50']):
        table.add_row(kind, str(error['count']), f'{100 * error["ap_50"]:.1f}',
                      f'{100 * error["ap"]:.1f}', EXPLAINED[kind])
    return table


def _table(thresholds: Dict[str, Any]) -> Table:
    """Precision / recall; of two thresholds the first in rows, the second in columns."""
    keys = thresholds['keys']
    rows = {tuple(row['thresholds']): row for row in thresholds['table']}
    title = f'Pseudo labels of {thresholds["filter"]}: precision/recall in percent'
    if len(keys) == 1:
        table = Table(keys[0], 'precision/recall', title=title, title_justify='left')
        for value in SHOWN:
            table.add_row(f'{value:g}', _cell(rows[value, ]))
        return table
    table = Table('', *(f'{value:g}' for value in SHOWN_MASKS), title_justify='left',
                  title=f'{title}; {keys[0]} in rows, {keys[1]} in columns')
    for value in SHOWN:
        table.add_row(f'{value:g}', *(_cell(rows[value, other]) for other in SHOWN_MASKS))
    return table


def _cell(row: Dict[str, Any]) -> str:
    """Precision and recall of a row in percent."""
    if not row['pseudo']:
        return '-'
    return f'{100 * row["precision"]:.0f}/{100 * row["recall"]:.0f}'


def _suggestions(thresholds: Dict[str, Any]) -> Iterator[str]:
    """The thresholds of the config, and those for each precision."""
    yield f'Now {_numbers(thresholds["now"])}'
    for precision, row in thresholds['suggested'].items():
        if row is not None:
            yield f'For a precision of {precision}: {_numbers(row)}'
            yield f'    --cfg-options {row["options"]}'
        else:
            yield (f'No thresholds reach a precision of {precision} with {LEAST} pseudo labels; '
                   f'{_best(thresholds["most_precise"])}')


def _best(row: Optional[Dict[str, Any]]) -> str:
    """The most precise row, or that there is none."""
    if row is None:
        return 'none keeps so many: train longer on labels, or give more labeled images.'
    return f'the best: {_numbers(row)}, {row["options"]}'


def _numbers(row: Dict[str, Any]) -> str:
    """A row in words."""
    at = ', '.join(f'{value:g}' for value in row['thresholds'])
    if not row['pseudo']:
        return f'({at}): no pseudo label'
    wrong = ', '.join(f'{kind} {count}' for kind, count in row['wrong'].items())
    return (f'({at}): precision {row["precision"]:.2f} (95 % sure: {row["low"]:.2f} to '
            f'{row["high"]:.2f}), recall {row["recall"]:.2f}, {row["pseudo"]} pseudo labels; '
            f'wrong: {wrong}')


def _advice(diagnosis: Dict[str, Any]) -> Iterator[str]:
    """What stands out, and what to do."""
    if not diagnosis['advice']:
        yield (f'Nothing stands out: no kind of error costs {100 * LEAST_COST:.0f} of AP50 and '
               f'{100 * LEAST_SHARE:.0f} % of what all cost together, or spoils '
               f'{100 * LEAST_WRONG:.0f} % of the pseudo labels.')
    for advice in diagnosis['advice']:
        yield advice['reason']
        yield from (f'    {step}' for step in advice['steps'])
