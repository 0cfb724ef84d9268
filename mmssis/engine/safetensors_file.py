"""Weights in safetensors files, with class names and colours in the file's metadata."""

import json
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Union

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

SUFFIX = '.safetensors'
# Entries of our metadata that are JSON; safetensors keeps texts alone.
DATASET_META = 'dataset_meta'


def is_safetensors(path: Union[str, Path]) -> bool:
    """Whether a file is a safetensors file, by its name.

    Args:
        path: the file.
    """
    return Path(path).suffix == SUFFIX


def safetensors_bytes(weights: Mapping[str, Tensor], meta: Mapping[str, Any]) -> bytes:
    """Write weights.

    Args:
        weights: contiguous tensors that share no memory.
        meta: ``dataset_meta``, plain values, and texts.

    Returns:
        The content of the file.
    """
    texts = {name: json.dumps(value, ensure_ascii=False) if name == DATASET_META else value
             for name, value in meta.items()}
    return save(dict(weights), metadata=dict(texts, format='pt'))


def damage_of_safetensors(path: Union[str, Path]) -> Optional[str]:
    """What is wrong with a file, without loading it; the format has no checksums.

    Args:
        path: the file.

    Returns:
        The fault, which 'it' goes before; None if there is none.
    """
    try:
        with safe_open(path, 'pt'):
            return None
    except (SafetensorError, OSError) as error:
        return f'is torn or damaged ({error})'


def read_safetensors(path: Union[str, Path], map_location: Any = 'cpu') -> Dict[str, Any]:
    """Read weights of any safetensors file.

    Args:
        path: the file.
        map_location: a device; anything else of ``torch.load`` means the CPU.

    Returns:
        ``state_dict`` and ``meta``, the latter with ``dataset_meta`` if mmssis wrote the file.

    Raises:
        ValueError: if the metadata of mmssis are no class names and colours.
    """
    device = map_location if isinstance(map_location, (str, torch.device)) else 'cpu'
    with safe_open(path, 'pt', device=str(device)) as file:
        texts = dict(file.metadata() or {})
        weights = {name: file.get_tensor(name) for name in file.keys()}
    meta: Dict[str, Any] = {name: text for name, text in texts.items() if name != DATASET_META}
    if DATASET_META in texts:
        meta[DATASET_META] = _dataset_meta(texts[DATASET_META])
    return dict(state_dict=weights, meta=meta)


def _dataset_meta(text: str) -> Dict[str, Any]:
    """Class names and colours, as checkpoints of torch have them."""
    content = json.loads(text)
    if not (isinstance(content, dict) and isinstance(content.get('classes'), list)
            and all(isinstance(name, str) for name in content['classes'])):
        raise ValueError(f'metadata {DATASET_META!r} hold no list `classes` of names')
    found: Dict[str, Any] = dict(classes=tuple(content['classes']))
    if content.get('palette') is not None:
        found['palette'] = [tuple(colour) for colour in content['palette']]
    return found
