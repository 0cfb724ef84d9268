"""Checks of settings that the hooks of rank statistics share."""

from math import inf, isfinite


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
