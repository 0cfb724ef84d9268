"""Load CLIP models and their weights through open_clip's public functions."""

import socket
import zipfile
from pathlib import Path
from typing import Any, Dict, NamedTuple, Optional, Tuple
from urllib.parse import urlparse
from urllib.request import getproxies

import huggingface_hub
import open_clip
from torch import nn

from .open_clip_names import is_path, register_model

PLACE = 'the classifier of model.pseudo_label_hooks'


class WeightTraits(NamedTuple):
    """What weights were trained with and a state dict does not tell."""

    quick_gelu: bool
    mean: Tuple[float, ...]
    std: Tuple[float, ...]


def load_clip(model: str, pretrained: str, tag: Optional[str] = None) -> nn.Module:
    """Build a CLIP model with its weights, on the CPU.

    OpenAI's weights and some others were trained with QuickGELU, SigLIP's with another mean
    colour. A tag and OpenAI's own TorchScript files say so; a state dict does not. A local file
    gets what all weights of its model have in common; where they differ, ``tag`` is needed.

    Args:
        model: name of an open_clip model or path of a model config.
        pretrained: tag, or path of a local file.
        tag: for a local file, the tag of the weights in it.

    Returns:
        The model.

    Raises:
        RuntimeError: if the weights cannot be had or do not fit the model.
    """
    name = register_model(model)
    place = (f'Place the weights at checkpoints/clip/{name}.pt and set '
             f"pretrained='checkpoints/clip/{name}.pt' in {PLACE}.")
    if Path(pretrained).is_file():
        return _load_file(name, pretrained, tag)
    if is_path(pretrained):
        raise RuntimeError(f'The CLIP weights {pretrained!r} do not exist. {place}')
    config = open_clip.get_pretrained_cfg(name, pretrained)
    if not config:
        raise RuntimeError(f'open_clip has no weights {pretrained!r} for {model}. {place}')
    if not _cached(config) and not _reachable():
        raise RuntimeError(f'The CLIP weights {name} {pretrained!r} are not in the local cache and '
                           f'{huggingface_hub.constants.ENDPOINT} cannot be reached. {place}')
    quick_gelu = 'quick_gelu' in config and config['quick_gelu']
    try:
        return open_clip.create_model(name, pretrained=pretrained, require_pretrained=True,
                                      force_quick_gelu=quick_gelu)
    except Exception as error:
        raise RuntimeError(f'The CLIP weights {name} {pretrained!r} cannot be had: {error}. '
                           f'{place}') from error


def _load_file(name: str, path: str, tag: Optional[str]) -> nn.Module:
    """Load a local file: OpenAI's TorchScript archives, or state dicts."""
    archive = _is_torchscript(path)
    if archive and tag not in (None, 'openai'):
        raise RuntimeError(f'tag = {tag!r} of ClipRegionClassifier, but {path!r} is an archive of '
                           'OpenAI: remove `tag`')
    traits = None if archive else _traits_of_file(name, path, tag)
    try:
        if traits is None:
            return open_clip.load_openai_model(path, precision='fp32', device='cpu')
        clip = open_clip.create_model(name, pretrained=str(path), require_pretrained=True,
                                      force_quick_gelu=traits.quick_gelu)
    except Exception as error:
        raise RuntimeError(f'The CLIP weights {path!r} do not fit the model {name!r}: {error}. '
                           f'Check `model` and `pretrained` in {PLACE}.') from error
    statistics = open_clip.get_model_preprocess_cfg(clip)
    open_clip.set_model_preprocess_cfg(clip, {**statistics, 'mean': traits.mean, 'std': traits.std})
    return clip


def _traits_of_file(name: str, path: str, tag: Optional[str]) -> WeightTraits:
    """What a state dict does not tell, from the tag or from all tags of the model."""
    config = open_clip.get_model_config(name)
    own = bool('quick_gelu' in config and config['quick_gelu'])
    tags = [tag] if tag else open_clip.list_pretrained_tags_by_model(name)
    found = {}
    for each in tags:
        known = open_clip.get_pretrained_cfg(name, each)
        quick_gelu = own or bool('quick_gelu' in known and known['quick_gelu'])
        found.setdefault(WeightTraits(quick_gelu, known['mean'], known['std']), []).append(each)
    if len(found) > 1:
        raise RuntimeError(
            f'The file {path!r} does not say with which activation and mean colour its weights of '
            f'{name!r} were trained: set `tag` in {PLACE} to the tag of open_clip that they are '
            f'or were fine-tuned from. Alike are {" | ".join(map(str, found.values()))}')
    default = WeightTraits(own, open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD)
    return next(iter(found), default)


def _is_torchscript(path: str) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(entry.endswith('/constants.pkl') for entry in archive.namelist())


def _cached(config: Dict[str, Any]) -> bool:
    """Say whether the hub's files of a pretrained tag are on this machine already."""
    if 'hf_hub' not in config:
        return False
    repository = '/'.join(config['hf_hub'].split('/')[:2])
    try:
        huggingface_hub.snapshot_download(repository, local_files_only=True)
    except huggingface_hub.errors.LocalEntryNotFoundError:
        return False
    return True


def _reachable() -> bool:
    """Say whether a download can be tried at all.

    The hub's client retries for 20 seconds and more before it says that there is no network.
    """
    if getproxies():
        return True
    host = urlparse(huggingface_hub.constants.ENDPOINT).hostname
    try:
        socket.create_connection((host, 443), timeout=5).close()
    except OSError:
        return False
    return True
