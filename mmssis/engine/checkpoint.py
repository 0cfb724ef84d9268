"""Read checkpoints without running code that they may hold. Every checkpoint is read here."""

import re
import tarfile
import zipfile
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Union

import torch
from mmengine.utils import digit_version

from . import plain_pickle
from .safetensors_file import damage_of_safetensors, is_safetensors, read_safetensors

REMEDY = ('If you trust the file, keep its weights alone, by a command that runs what it holds:\n'
          '    python -c "import torch; torch.save(dict(state_dict=torch.load(\'IN.pth\', '
          'map_location=\'cpu\', weights_only=False)[\'state_dict\']), \'OUT.pth\')"')
Location = Union[str, torch.device, Callable, None]


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; the message says which one, why, and what to do."""


def read_checkpoint(path: Union[str, Path], map_location: Location = 'cpu') -> Dict[str, Any]:
    """Read a checkpoint of a training, of MMDetection's zoo, or an exported one.

    A name that ends in ``.safetensors`` is read as such; all else as torch's own format. Beside
    tensors it may hold plain Python values, NumPy numbers and arrays, and MMEngine's log
    history. Texts of configs are left out: MMEngine would run them.

    Args:
        path: the checkpoint.
        map_location: as of ``torch.load``.

    Returns:
        Its content, with the key ``state_dict``.

    Raises:
        CheckpointError: if the file is missing, torn or damaged, holds anything else, or no
            weights.
    """
    checkpoint = read_weights(path, map_location)
    if not isinstance(checkpoint.get('state_dict'), dict):
        raise CheckpointError(f'{path} holds no `state_dict`; give a checkpoint of '
                              'a training.')
    return checkpoint


def read_weights(path: Union[str, Path], map_location: Location = 'cpu') -> Dict[str, Any]:
    """Read a file of weights, with or without ``state_dict`` around them.

    Args:
        path: the file.
        map_location: as of ``torch.load``.

    Returns:
        Its content.

    Raises:
        CheckpointError: if the file is missing, torn or damaged, or holds anything but plain data.
    """
    if fault := damage_of(path):
        raise CheckpointError(f'{path} cannot be read safely: it {fault}.')
    try:
        content = plain_pickle.unwrapped(_load(path, map_location))
    except Exception as error:  # torch's readers raise all kinds on damaged files.
        raise CheckpointError(f'{path} cannot be read safely: {_reason(error)}') from error
    if not isinstance(content, dict):
        raise CheckpointError(f'{path} holds no `state_dict`; it is a {type(content).__name__}.')
    _drop_config_texts(content)
    return content


def damage_of(path: Union[str, Path]) -> Optional[str]:
    """What is wrong with a file, without loading it.

    ``torch.save`` writes a zip archive with a checksum of every tensor, which torch does not
    compare. The format before torch 1.6 has none.

    Args:
        path: the file.

    Returns:
        The fault, which 'it' goes before; None if there is none.
    """
    if not Path(path).exists():
        return 'does not exist'
    if not Path(path).is_file():
        return 'is no file'
    if is_safetensors(path):
        return damage_of_safetensors(path)
    try:
        if not zipfile.is_zipfile(path):
            return _damage_of_early_format(path)
        with zipfile.ZipFile(path) as archive:
            names = {name.rpartition('/')[2] for name in archive.namelist()}
            if 'data.pkl' not in names:
                return 'is another kind of zip archive'
            if 'constants.pkl' in names:
                return 'is a TorchScript archive, which holds code'
            damaged = archive.testzip()
    except OSError as error:
        return f'cannot be opened ({error.strerror})'
    except Exception as error:  # zipfile raises all kinds on damaged files.
        return f'is torn or damaged ({error})'
    return None if damaged is None else f'is damaged: the checksum of {damaged} is another'


def _damage_of_early_format(path: Union[str, Path]) -> Optional[str]:
    """What is wrong with a file that is no zip archive, as far as its first bytes tell."""
    with open(path, 'rb') as file:
        head = file.read(1024)
    if not head.strip(b'\0'):
        return 'is empty'
    if head.startswith(b'PK'):
        return 'is torn: its end is missing'
    if tarfile.is_tarfile(path):
        return 'is an archive of an early torch (tar)'
    # What pickles begin with.
    return None if head.startswith(b'\x80') else 'is no checkpoint of torch'


def _load(path: Union[str, Path], map_location: Location) -> Any:
    """Load plain data, with stand-ins."""
    if is_safetensors(path):
        return read_safetensors(path, map_location)
    if digit_version(torch.__version__) < digit_version('2.6'):
        return torch.load(path, map_location, pickle_module=plain_pickle, weights_only=False)
    allowed = [(value, name) for name, value in plain_pickle.ALLOWED.items()]
    with torch.serialization.safe_globals(allowed):
        return torch.load(path, map_location, weights_only=True)


def _reason(error: Exception) -> str:
    """Why a file was not read, in words: what it asked for, or that it is torn."""
    if found := re.search(r'GLOBAL (\S+\(.*\)|\S+)', str(error)):
        return (f'it asks for {found[1]}, which is no plain data. A checkpoint may hold tensors, '
                'numbers, text, NumPy arrays and log history, and nothing that runs. ' + REMEDY)
    text = str(error).partition('WeightsUnpickler error: ')
    lines = (text[2] or text[0]).strip().splitlines()
    return ('it is torn, no checkpoint, or holds more than weights and log history '
            f'({lines[0] if lines else type(error).__name__}).')


def _drop_config_texts(content: Dict[str, Any]) -> None:
    """Leave out what MMEngine would run as Python: ``Config.fromstring``."""
    hub = content.get('message_hub')
    info = hub.get('runtime_info') if isinstance(hub, dict) else None
    for part in (content.get('meta'), info):
        if isinstance(part, dict):
            part.pop('config', None)
            part.pop('cfg', None)
