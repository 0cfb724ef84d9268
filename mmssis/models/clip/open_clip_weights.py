"""Load CLIP models and their weights through open_clip's public functions."""

import json
import socket
import zipfile
from pathlib import Path
from typing import Any, Dict
from urllib.parse import urlparse
from urllib.request import getproxies

import huggingface_hub
import open_clip
from torch import nn


def register_model(model: str) -> str:
    """Make a model config known to open_clip.

    Args:
        model: name of an open_clip model, or path of a model config in open_clip's JSON format.

    Returns:
        The name under which open_clip knows the model.

    Raises:
        RuntimeError: if the file does not exist.
        ValueError: if it is no model config, or its name is that of another model.
    """
    if not model.endswith('.json'):
        return model
    path = Path(model)
    if not path.is_file():
        raise RuntimeError(f'model = {model!r} of ClipRegionClassifier does not exist: place the '
                           'model config there or give the name of an open_clip model')
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'model = {model!r} is not valid JSON: {error}') from error
    if not isinstance(content, dict) or not {'embed_dim', 'vision_cfg', 'text_cfg'} <= set(content):
        raise ValueError(f'model = {model!r} is no open_clip model config: it needs embed_dim, '
                         'vision_cfg and text_cfg')
    known = open_clip.get_model_config(path.stem)
    if known is None:
        open_clip.add_model_config(path)
    elif known != content:
        raise ValueError(f'open_clip already knows another model {path.stem!r}: rename {model!r}')
    return path.stem


def check_pretrained(model: str, pretrained: str) -> None:
    """Raise for names that open_clip cannot know, without loading anything.

    Raises:
        ValueError: unknown model, or neither a tag of the model nor a path.
    """
    if not isinstance(pretrained, str) or not pretrained:
        raise ValueError(f'pretrained = {pretrained!r} of ClipRegionClassifier: give a tag of '
                         'open_clip or the path of a file; random weights would correct nothing')
    if model.endswith('.json'):
        return
    if model not in open_clip.list_models():
        raise ValueError(f'open_clip has no model {model!r}: give one of '
                         'open_clip.list_models(), or the path of a model config (.json)')
    tags = open_clip.list_pretrained_tags_by_model(model)
    if not _is_path(pretrained) and pretrained not in tags:
        raise ValueError(f'pretrained = {pretrained!r} is neither a path nor a tag of {model}: '
                         f'the tags are {tags}')


def load_clip(model: str, pretrained: str) -> nn.Module:
    """Build a CLIP model with its weights, on the CPU.

    OpenAI's weights were trained with QuickGELU; under their tags and from their own
    TorchScript files the activation is set accordingly. For OpenAI weights in any other file
    give a ``...-quickgelu`` model.

    Args:
        model: name of an open_clip model or path of a model config.
        pretrained: tag, or path of a local file.

    Returns:
        The model.

    Raises:
        RuntimeError: if the weights cannot be had or do not fit the model.
    """
    name = register_model(model)
    place = (f'Place the weights at checkpoints/clip/{name}.pt and set '
             f"pretrained='checkpoints/clip/{name}.pt' in the classifier of "
             'ClipCategoryCorrection (model.pseudo_label_hooks).')
    if Path(pretrained).is_file():
        return _load_file(name, pretrained)
    if _is_path(pretrained):
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


def _load_file(name: str, path: str) -> nn.Module:
    """Load a local file: OpenAI's TorchScript archives, or state dicts."""
    try:
        if _is_torchscript(path):
            return open_clip.load_openai_model(path, precision='fp32', device='cpu')
        return open_clip.create_model(name, pretrained=str(path), require_pretrained=True)
    except Exception as error:
        raise RuntimeError(f'The CLIP weights {path!r} do not fit the model {name!r}: {error}. '
                           "Check `model` and `pretrained` of the config's classifier.") from error


def _is_torchscript(path: str) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(entry.endswith('/constants.pkl') for entry in archive.namelist())


def _is_path(pretrained: str) -> bool:
    return '/' in pretrained or bool(Path(pretrained).suffix)


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
