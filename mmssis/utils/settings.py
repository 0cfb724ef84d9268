"""One voice for the range checks of numeric settings."""

from math import inf
from numbers import Integral, Real
from typing import Union

Number = Union[int, float]


def check_range(place: str, value: Number, low: float = -inf, high: float = inf, *,
                open_low: bool = False, open_high: bool = False, whole: bool = False) -> Number:
    """Return a setting if it is a number in a range.

    Args:
        place: key of the setting, for the message.
        value: the setting.
        low: smallest value.
        high: largest value.
        open_low: whether ``low`` itself is refused.
        open_high: whether ``high`` itself is refused.
        whole: whether the number must be whole.

    Returns:
        The value, unchanged.

    Raises:
        ValueError: if the value is outside, not finite or no number. Booleans and texts are none.
    """
    kind = Integral if whole else Real
    fits = isinstance(value, kind) and not isinstance(value, bool) and -inf < value < inf
    fits = fits and (low < value if open_low else low <= value)
    fits = fits and (value < high if open_high else value <= high)
    if not fits:
        noun = 'a whole number' if whole else 'a number'
        raise ValueError(f'{place} = {value!r}: give {noun}'
                         f'{_range_text(low, high, open_low, open_high)}')
    return value


def check_burn_in(place: str, value: Union[int, str]) -> Union[int, str]:
    """Return the length of a burn-in: a count of iterations, or 'auto'.

    Args:
        place: key of the setting, for the message.
        value: the setting.

    Raises:
        ValueError: if it is neither.
    """
    if isinstance(value, str) and value != 'auto':
        raise ValueError(f"{place} = {value!r}: give a number of iterations, or 'auto'")
    return value if value == 'auto' else check_range(place, value, 0, whole=True)


def _range_text(low: float, high: float, open_low: bool, open_high: bool) -> str:
    """The range in words, with a leading space."""
    if low > -inf and high < inf and not (open_low or open_high):
        return f' in [{low}, {high}]'
    ends = []
    if low > -inf:
        ends.append(f'{">" if open_low else ">="} {low}')
    if high < inf:
        ends.append(f'{"<" if open_high else "<="} {high}')
    return ' ' + ' and '.join(ends) if ends else ''
