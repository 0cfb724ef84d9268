"""The account of a run's data as text."""

from textwrap import wrap
from typing import Dict, Iterator, List

from .account import Account, SourceAccount
from .left_out import EMPTY_IMAGE

WIDTH = 100
MAX_LINES = 25
COLUMNS = '{:<10} {:>8} {:>9} {:>9}   '
INDENT = ' ' * len(COLUMNS.format('', '', '', ''))
MARGIN = ' ' * 20
# Sources that are learned from as they are labeled.
TRUE_LABELS = ('labeled', 'boxes')
MAX_CLASSES = 6


def table(account: Account, path: str) -> str:
    """The account as text, at most 25 lines of 100 characters.

    Args:
        account: all sources.
        path: where all numbers stand.
    """
    lines = [f'The data of this run (all numbers: {path})', COLUMNS.format(
        'source', 'images', 'no object', 'instances') + 'left out']
    for name, source in account.sources.items():
        lines += _row(name, source)
    for text in _remarks(account):
        lines += wrap(text, WIDTH, subsequent_indent=MARGIN)
    return '\n'.join(lines[:MAX_LINES])


def _row(name: str, source: SourceAccount) -> List[str]:
    """The lines of a source; two at most."""
    counts = ['-' if number is None else number for number in
              (source.images, source.images_without_objects, source.instances)]
    left_out = [f'{number} {reason}' for reason, number in source.left_out.items()]
    images = [f'{number} {reason}' for reason, number in source.images_left_out.items()]
    text = ', '.join(left_out) + ('; images: ' if left_out and images else '') + ', '.join(images)
    return wrap(COLUMNS.format(name, *counts) + (text or '-'), WIDTH, subsequent_indent=INDENT,
                max_lines=2, placeholder=' ...')


def _remarks(account: Account) -> Iterator[str]:
    """Classes, objects per image and their size, in words."""
    labeled = {name: account.sources[name] for name in TRUE_LABELS if name in account.sources}
    for name, source in labeled.items():
        yield f'{"labels of " + name:<20}{_classes(source.labels)}'
    for name, source in labeled.items():
        if source.objects_per_image:
            yield (f'{"objects per image":<20}{name}: median '
                   f'{source.objects_per_image["median"]:g}, most '
                   f'{source.objects_per_image["most"]}{_limit(account, source)}')
        if source.median_side is not None:
            yield (f'{"median object":<20}{name}: side of {source.median_side:.1f} pixels at '
                   f'{account.network_size}')
    if 'labeled' in labeled:
        source = labeled['labeled']
        kept = (f'{source.images_without_objects} are learned from, as background'
                if account.keeps_empty else
                f'{source.images_left_out.get(EMPTY_IMAGE, 0)} are left out; '
                'data_set.keep_empty=True learns from them')
        yield f'{"without objects":<20}labeled: {kept}'


def _classes(labels: Dict[str, int]) -> str:
    """Labels of every class; the rarest and the most frequent of many."""
    order = sorted(labels.items(), key=lambda item: item[1])
    if len(order) <= 2 * MAX_CLASSES:
        return ', '.join(f'{name} {number}' for name, number in labels.items())
    rare, frequent = ([f'{name} {number}' for name, number in some]
                      for some in (order[:MAX_CLASSES], order[:-MAX_CLASSES - 1:-1]))
    return f'{len(order)} classes; rarest {", ".join(rare)}; most frequent {", ".join(frequent)}'


def _limit(account: Account, source: SourceAccount) -> str:
    """How many images have more objects than the model can hold."""
    if not account.limit:
        return ''
    name = min(account.limit, key=account.limit.__getitem__)
    with_objects = source.images - (source.images_without_objects or 0)
    share = source.objects_per_image['above_limit'] / with_objects
    return f'; {share:.1%} of the images have more than {name} = {account.limit[name]}'
