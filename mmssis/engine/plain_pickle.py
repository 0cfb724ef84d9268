"""The plain data that a checkpoint may hold beside tensors, and nothing that runs.

Every name that a pickle may ask for stands in ``ALLOWED``, with what it gets. NumPy's and
MMEngine's own classes are not handed out, but the stand-ins below, which take data alone: the
state of a NumPy type can turn numbers into memory addresses, that of a ``HistoryBuffer`` brings
functions. :func:`unwrapped` puts the real values in their place.

``torch.load(weights_only=True)`` is given the list; as a module with ``Unpickler`` and ``load``
this file is a ``pickle_module`` for torch before 2.6, which takes no such list.
"""

import pickle
from collections import Counter, OrderedDict
from pickle import UnpicklingError
from typing import Any, BinaryIO, Dict, Tuple

import numpy as np
import torch
from mmengine.logging import HistoryBuffer


class PlainType:
    """Stands in for ``numpy.dtype``: numbers, truth values and text, no objects or records.

    Args:
        code: such as 'f8'.
        options: of ``numpy.dtype``; not used.
    """

    def __init__(self, code: str, *options: object) -> None:
        self.dtype = np.dtype(code) if type(code) is str else np.dtype('O')
        if self.dtype.kind not in 'biufcSU':
            raise UnpicklingError(f'GLOBAL numpy.dtype({code!r})')

    def __setstate__(self, state: tuple) -> None:
        """Take the byte order and none of the flags."""
        if state[1] in ('<', '>'):
            self.dtype = self.dtype.newbyteorder(state[1])


class PlainArray:
    """Stands in for ``numpy.ndarray`` and the function that NumPy's pickles begin one with."""

    def __init__(self, *begin: object) -> None:
        self.value = np.empty(0)

    def __setstate__(self, state: Tuple[int, tuple, PlainType, bool, bytes]) -> None:
        """Take shape, type and bytes."""
        _, shape, plain, is_fortran, data = state
        if np.prod(shape, dtype=object) * plain.dtype.itemsize != len(data):
            raise UnpicklingError(f'an array of shape {shape} with {len(data)} bytes')
        self.value = np.ndarray(shape, plain.dtype, bytearray(data),
                                order='F' if is_fortran else 'C')


class PlainHistory:
    """Stands in for MMEngine's ``HistoryBuffer``."""

    def __setstate__(self, state: Dict[str, Any]) -> None:
        """Take the numbers and none of the methods."""
        log, count = (unwrapped(state[name]) for name in ('_log_history', '_count_history'))
        if any(type(each) is not np.ndarray or each.dtype.kind not in 'biuf'
               for each in (log, count)):
            raise UnpicklingError('a log history that holds no numbers')
        self.value = HistoryBuffer(log, count, int(state['max_length']))


def plain_scalar(plain: PlainType, data: bytes) -> np.generic:
    """One NumPy number or text."""
    return np.frombuffer(data, plain.dtype, 1)[0]


def history_method(owner: type, name: str) -> str:
    """``getattr`` as pickles of a log history use it: a name; free, it would reach anything."""
    if owner is not PlainHistory or name.startswith('_') or name not in vars(HistoryBuffer):
        raise UnpicklingError(f'GLOBAL getattr({owner}, {name!r})')
    return name


def latin_1(text: str, encoding: str) -> bytes:
    """``_codecs.encode`` as pickles of bytes use it."""
    return text.encode('latin-1')


def empty_bytes() -> bytes:
    """``bytes`` as pickles of empty arrays use it."""
    return b''


def unwrapped(value: Any) -> Any:
    """A value with real arrays and histories in place of the stand-ins, changed in place.

    Raises:
        UnpicklingError: if it holds itself.
    """
    return _unwrap(value, ())


def _unwrap(value: Any, above: Tuple[int, ...]) -> Any:
    """The value; ``above`` are the containers that it is in."""
    if isinstance(value, (PlainArray, PlainHistory)):
        return value.value
    if isinstance(value, PlainType):
        return value.dtype
    if not isinstance(value, (dict, list, tuple)) or isinstance(value, torch.Size):
        return value
    if id(value) in above:
        raise UnpicklingError('a container that holds itself')
    above = (*above, id(value))
    if isinstance(value, tuple):
        return tuple(_unwrap(child, above) for child in value)
    for key, child in list(value.items() if isinstance(value, dict) else enumerate(value)):
        value[key] = _unwrap(child, above)
    return value


ALLOWED = {
    'mmengine.logging.history_buffer.HistoryBuffer': PlainHistory,
    # A config's dict is a dict; its class would build what it names.
    'mmengine.config.config.ConfigDict': dict,
    'numpy.dtype': PlainType,
    'numpy.ndarray': PlainArray,
    **{f'numpy.{core}.multiarray.{name}': stand_in for core in ('core', '_core')
       for name, stand_in in (('_reconstruct', PlainArray), ('scalar', plain_scalar))},
    **{f'{builtins}.{name}': function for builtins in ('builtins', '__builtin__')
       for name, function in (('getattr', history_method), ('bytes', empty_bytes))},
}
"""What a pickle may ask for beside torch's own: name and what it gets."""

_OF_TORCH = {
    'collections.OrderedDict': OrderedDict,
    'collections.Counter': Counter,
    '_codecs.encode': latin_1,
    **{f'{builtins}.set': set for builtins in ('builtins', '__builtin__')},
    **{f'torch._utils.{name}': getattr(torch._utils, name)
       for name in ('_rebuild_tensor', '_rebuild_tensor_v2', '_rebuild_parameter')},
    'torch.Size': torch.Size,
    'torch.device': torch.device,
    **{str(value): value for value in vars(torch).values() if isinstance(value, torch.dtype)},
}
_BUILT = (OrderedDict, PlainType, PlainArray, PlainHistory)


# The one in C has no hook for BUILD, which sets attributes of any object.
class Unpickler(pickle._Unpickler):
    """Reads the names of ``ALLOWED`` and those of tensors."""

    dispatch = dict(pickle._Unpickler.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a name.

        Raises:
            UnpicklingError: if it is not allowed.
        """
        for allowed in (ALLOWED, _OF_TORCH):
            if f'{module}.{name}' in allowed:
                return allowed[f'{module}.{name}']
        raise UnpicklingError(f'GLOBAL {module}.{name}')

    def load_build(self) -> None:
        """Set the state of a stand-in or the attributes of a state dict."""
        if type(self.stack[-2]) not in _BUILT:
            raise UnpicklingError(f'BUILD of {type(self.stack[-2]).__name__}')
        super().load_build()

    dispatch[pickle.BUILD[0]] = load_build


def load(file: BinaryIO, **options: str) -> Any:
    """Read one pickle of a file, as ``pickle.load``."""
    return Unpickler(file, **options).load()
