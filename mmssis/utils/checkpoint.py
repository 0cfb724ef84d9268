"""Read checkpoints without running code that they may hold."""

from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Dict, Union

import numpy as np
import torch
from mmengine.logging import HistoryBuffer


def read_checkpoint(path: Union[str, Path]) -> Dict[str, Any]:
    """Read a checkpoint of ``tools/train.py``, or an exported one, on the CPU.

    Beside tensors and plain Python values only what MMEngine stores is accepted: its log history
    and numpy arrays.

    Args:
        path (str | Path): The checkpoint.

    Returns:
        dict: With the key ``state_dict``.

    Raises:
        ValueError: If the file is torn, holds other objects or no weights.
    """
    core = np._core if hasattr(np, '_core') else np.core
    dtypes = {type(np.dtype(name)) for name in ('float64', 'float32', 'int64', 'uint32', 'bool')}
    allowed = [HistoryBuffer, np.ndarray, np.dtype, core.multiarray._reconstruct,
               core.multiarray.scalar, *dtypes]
    try:
        with torch.serialization.safe_globals(allowed):
            checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError) as error:
        raise ValueError(f'{path} cannot be read safely; it is torn, or holds more than weights '
                         f'and log history: {error}') from error
    if not isinstance(checkpoint, dict) or 'state_dict' not in checkpoint:
        raise ValueError(f'{path} holds no `state_dict`; give a checkpoint of tools/train.py.')
    return checkpoint
