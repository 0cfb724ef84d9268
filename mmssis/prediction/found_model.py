"""The checkpoint and the config that a model is given by."""

import re
from pathlib import Path
from typing import NamedTuple, Optional, Union

from mmssis.engine.resume import checkpoints_of


class FoundModel(NamedTuple):
    """A model on disk.

    Attributes:
        checkpoint: its weights.
        config: a file, or the name of a shipped config.
    """

    checkpoint: Path
    config: str


def find_model(model: Union[str, Path], config: Optional[Union[str, Path]] = None) -> FoundModel:
    """Find a checkpoint and its config.

    Args:
        model: a checkpoint, or a work directory, of which it takes the best checkpoint, or else
            the last.
        config: its config. Default: the file of the checkpoint's name that ends in ``.py``, as
            exported models have it, or else the one that the training wrote into the folder.

    Returns:
        Both.

    Raises:
        ValueError: if one is missing, or it is not clear which one is meant.
    """
    path = Path(model)
    if not path.exists():
        raise ValueError(f'model {path} does not exist: give a checkpoint or a work directory')
    checkpoint = _checkpoint_of(path) if path.is_dir() else path
    return FoundModel(checkpoint, str(config) if config else str(_config_beside(checkpoint)))


def _checkpoint_of(folder: Path) -> Path:
    """The best checkpoint of a work directory, or the last."""
    best = sorted(folder.glob('best_*.pth'))
    if len(best) > 1:
        raise ValueError(f'{folder} has several best checkpoints: give one of them: '
                         f'{", ".join(map(str, best))}')
    found = [*best, *checkpoints_of(folder)]
    if not found:
        raise ValueError(f'{folder} holds no checkpoint: give a work directory, or a checkpoint')
    return found[0]


def _config_beside(checkpoint: Path) -> Path:
    """The config that lies beside a checkpoint."""
    exported = checkpoint.with_suffix('.py')
    if exported.is_file():
        return exported
    found = [path for path in sorted(checkpoint.absolute().parent.glob('*.py'))
             if _is_written_config(path)]
    if len(found) != 1:
        names = ', '.join(path.name for path in found) or 'none'
        raise ValueError(f'which config made {checkpoint}? Beside it: {names}. Name the '
                         'config')
    return found[0]


def _is_written_config(path: Path) -> bool:
    """Whether a file looks like a config with all settings; reading a config runs it."""
    text = path.read_text(encoding='utf-8', errors='replace')
    return re.search(r'^model *= *dict\(', text, re.MULTILINE) is not None
