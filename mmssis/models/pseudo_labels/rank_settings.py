"""Checks of settings that the hooks of rank statistics share."""

from math import inf, isfinite
from typing import Tuple


def check_number(hook: str, name: str, value: float, least: float, largest: float = inf) -> None:
    """Refuse a setting that is out of its range.

    Args:
        hook: name of the hook.
        name: name of the setting.
        value: what was given.
        least: smallest value that is allowed.
        largest: largest value that is allowed.

    Raises:
        ValueError: otherwise.
    """
    if not (isfinite(value) and least <= value <= largest):
        wanted = f'>= {least}' if largest == inf else f'in [{least}, {largest}]'
        raise ValueError(f'{name} = {value} of {hook} in model.pseudo_label_hooks: give a number '
                         f'{wanted}')


def check_rank_settings(hook: str, k: int, channels: int, offset: float,
                        labeled_interval: int) -> None:
    """Refuse settings of rank statistics that are out of their range.

    Args:
        hook: name of the hook.
        k: number of channels that are compared, in [1, channels].
        channels: of the features, >= 1.
        offset: >= 0.
        labeled_interval: iterations, >= 1.

    Raises:
        ValueError: otherwise.
    """
    check_number(hook, 'channels', channels, 1)
    check_number(hook, 'k', k, 1, channels)
    check_number(hook, 'offset', offset, 0)
    check_number(hook, 'labeled_interval', labeled_interval, 1)


def require_classes(hook: str, num_classes: int, classes: Tuple[str, ...]) -> None:
    """Refuse a number of classes other than that of the data.

    Args:
        hook: name of the hook.
        num_classes: its setting.
        classes: class names of the data set.

    Raises:
        ValueError: if they differ.
    """
    if num_classes != len(classes):
        raise ValueError(f'num_classes = {num_classes} of {hook} in model.pseudo_label_hooks, but '
                         f'the data has {len(classes)} classes: give it that number')
