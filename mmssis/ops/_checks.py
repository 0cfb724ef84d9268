"""Argument checks of the ops: shapes of tensors, values of numbers, never values of tensors.

Reading a value of a tensor would make the host wait for the device.
"""
from numbers import Real
from typing import Any

from torch import Tensor


def check_fraction(name: str, value: Any, remedy: str) -> None:
    """Raise unless ``value`` is a number in [0, 1].

    Args:
        name: name of the argument.
        value: what was given.
        remedy: what to do about it, one sentence.

    Raises:
        TypeError: ``value`` is not a real number.
        ValueError: ``value`` is outside [0, 1] or NaN.
    """
    if not isinstance(value, Real):
        raise TypeError(f'{name} must be a number in [0, 1], got {value!r}. {remedy}')
    if not 0 <= value <= 1:
        raise ValueError(f'{name} must lie in [0, 1], got {value!r}. {remedy}')


def check_ndim(name: str, tensor: Any, axes: str) -> None:
    """Raise unless ``tensor`` has one dimension per word of ``axes``.

    Args:
        name: name of the argument.
        tensor: what was given.
        axes: the axes in words, for example ``'N H W'``.

    Raises:
        TypeError: ``tensor`` is not a tensor.
        ValueError: the number of dimensions differs.
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f'{name} must be a torch.Tensor, got {type(tensor).__name__}. '
                        'Convert it with torch.as_tensor.')
    if tensor.ndim != len(axes.split()):
        raise ValueError(f'{name} must have the axes ({axes}), got shape '
                         f'{tuple(tensor.shape)}. Reshape it, or index one image of the batch.')


def check_same_shape(name: str, tensor: Tensor, other_name: str, other: Tensor) -> None:
    """Raise unless two tensors have the same shape.

    Args:
        name: name of the first argument.
        tensor: the first tensor.
        other_name: name of the second argument.
        other: the second tensor.

    Raises:
        ValueError: the shapes differ.
    """
    if tensor.shape != other.shape:
        raise ValueError(f'{name} and {other_name} must have the same shape, got '
                         f'{tuple(tensor.shape)} and {tuple(other.shape)}. Give both for the '
                         'same instances, in the same order.')
