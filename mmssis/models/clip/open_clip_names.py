"""Names of open_clip: models, tags of weights, tokenizers."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Callable, Optional

import huggingface_hub
import open_clip
from torch import Tensor


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


def check_pretrained(model: str, pretrained: str, tag: Optional[str] = None) -> None:
    """Raise for names that open_clip cannot know, without loading anything.

    Args:
        model: name of an open_clip model or path of a model config.
        pretrained: tag, or path of a local file.
        tag: for a local file, the tag of the weights in it.

    Raises:
        ValueError: unknown model, neither a tag of the model nor a path, a ``tag`` that would not
            be read, or a model whose tokenizer needs a package that is not installed.
    """
    if not isinstance(pretrained, str) or not pretrained:
        raise ValueError(f'pretrained = {pretrained!r} of ClipRegionClassifier: give a tag of '
                         'open_clip or the path of a file; random weights would correct nothing')
    known = Path(model).stem if model.endswith('.json') else model
    tags = open_clip.list_pretrained_tags_by_model(known)
    if tag is not None and not (tags and is_path(pretrained)):
        raise ValueError(f'tag = {tag!r} of ClipRegionClassifier is read for a local file of a '
                         'model that open_clip knows alone: remove it')
    if tag is not None and tag not in tags:
        raise ValueError(f'tag = {tag!r} is no tag of {known}: the tags are {tags}')
    if model.endswith('.json'):
        return
    if model not in open_clip.list_models():
        raise ValueError(f'open_clip has no model {model!r}: give one of '
                         'open_clip.list_models(), or the path of a model config (.json)')
    if not is_path(pretrained) and pretrained not in tags:
        raise ValueError(f'pretrained = {pretrained!r} is neither a path nor a tag of {model}: '
                         f'the tags are {tags}')
    check_tokenizer(model)


def check_tokenizer(name: str) -> None:
    """Raise if the tokenizer of a model needs a package that is not installed.

    Args:
        name: under which open_clip knows the model.

    Raises:
        ValueError: with the line that installs it.
    """
    text = open_clip.get_model_config(name)['text_cfg']
    needed = [text[key] for key in ('hf_tokenizer_name', 'hf_model_name') if key in text]
    if needed and find_spec('transformers') is None:
        raise ValueError(f'model = {name!r} of ClipRegionClassifier reads text by the tokenizer '
                         f"{needed[0]!r}: pip install 'transformers[sentencepiece]'")


def load_tokenizer(name: str) -> Callable[..., Tensor]:
    """Tokenizer of a model.

    Args:
        name: under which open_clip knows the model.

    Raises:
        RuntimeError: if it cannot be had.
    """
    check_tokenizer(name)
    try:
        return open_clip.get_tokenizer(name)
    except Exception as error:
        raise RuntimeError(f"The tokenizer of {name!r} cannot be had: {error}. Run "
                           f'open_clip.get_tokenizer({name!r}) once where '
                           f'{huggingface_hub.constants.ENDPOINT} can be reached, and copy '
                           f'{huggingface_hub.constants.HF_HUB_CACHE}') from error


def is_path(pretrained: str) -> bool:
    """Say whether ``pretrained`` is meant as a file rather than a tag."""
    return '/' in pretrained or bool(Path(pretrained).suffix)
