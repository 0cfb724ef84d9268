"""Read checkpoints without running code that they may hold."""

from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Callable, Dict, List, Tuple, Union

import numpy as np
import torch
from mmengine.logging import HistoryBuffer, print_log

Allowed = List[Union[type, Callable, Tuple[Callable, str]]]


def read_checkpoint(path: Union[str, Path]) -> Dict[str, Any]:
    """Read a checkpoint of ``tools/train.py``, or an exported one, on the CPU.

    Beside tensors and plain Python values only what MMEngine stores is accepted: its log history
    and numpy arrays. torch before 2.5 cannot tell these apart; there the file is trusted, with a
    warning.

    Args:
        path (str | Path): The checkpoint.

    Returns:
        dict: With the key ``state_dict``.

    Raises:
        ValueError: If the file is torn, holds other objects or no weights.
    """
    try:
        checkpoint = _load(path)
    except (UnpicklingError, RuntimeError, EOFError) as error:
        reason = str(error).partition('WeightsUnpickler error: ')
        raise ValueError(f'{path} cannot be read safely: it is torn, or holds more than weights '
                         f'and log history. {(reason[2] or reason[0]).strip()}') from error
    if not isinstance(checkpoint, dict) or 'state_dict' not in checkpoint:
        raise ValueError(f'{path} holds no `state_dict`; give a checkpoint of tools/train.py.')
    return checkpoint


def _load(path: Union[str, Path]) -> Any:
    """Load a file with weights and log history."""
    if not hasattr(torch.serialization, 'safe_globals'):
        print_log(f'torch {torch.__version__} cannot check what {path} holds: trusting it.',
                  'current')
        return torch.load(path, map_location='cpu')
    with torch.serialization.safe_globals(_allowed()):
        return torch.load(path, map_location='cpu', weights_only=True)


def _allowed() -> Allowed:
    """What MMEngine's log history is made of."""
    core = np._core if hasattr(np, '_core') else np.core
    dtypes = {type(np.dtype(name)) for name in ('float64', 'float32', 'int64', 'uint32', 'bool')}
    return [HistoryBuffer, np.ndarray, np.dtype, core.multiarray._reconstruct,
            core.multiarray.scalar, *dtypes, (_history_method, 'builtins.getattr')]


def _history_method(owner: type, name: str) -> Callable:
    """``getattr`` for the methods of the log history alone; free, it would reach anything."""
    if owner is not HistoryBuffer or name.startswith('_'):
        raise UnpicklingError(f'the checkpoint asks for {owner}.{name}')
    return vars(HistoryBuffer)[name]
