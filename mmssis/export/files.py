"""Write what is exported, whole or not at all."""

import io
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Sequence, Union

import torch
from mmengine.config import Config
from torch import Tensor

from mmssis.engine.atomic_backend import AtomicBackend
from mmssis.engine.safetensors_file import safetensors_bytes

FORMATS = ('.pth', '.safetensors', '.onnx')


def check_out(out: Path, check_images: Sequence[Union[str, Path]]) -> None:
    """Refuse a name whose ending is no format, and images that nothing is compared on.

    Args:
        out: the file to write.
        check_images: images for a comparison.

    Raises:
        ValueError: if the ending is another, or there are images for a format without comparison.
        FileNotFoundError: if an image is missing.
    """
    if out.suffix not in FORMATS:
        raise ValueError(f'{out}: the ending says the format; name it OUT{", OUT".join(FORMATS)}')
    if check_images and out.suffix != '.onnx':
        raise ValueError(f'--check-images: {out} holds the weights of torch themselves, there is '
                         'nothing to compare; leave it out')
    for image in check_images:
        if not Path(image).is_file():
            raise FileNotFoundError(f'--check-images {image}: there is no such file')


def refuse_overwriting(out: Path, config: Optional[bytes]) -> None:
    """Refuse to write over files; a config of the same content may stay.

    Args:
        out: the file to write.
        config: content of the config beside it; None if none is written.

    Raises:
        ValueError: if one is there already.
    """
    beside = out.with_suffix('.py')
    is_other = config is not None and beside.exists() and beside.read_bytes() != config
    for path in [out] * out.exists() + [beside] * is_other:
        raise ValueError(f'{path} exists already: name another file, or add --overwrite')


def weight_bytes(weights: Dict[str, Tensor], meta: Dict[str, Any], suffix: str) -> bytes:
    """The content of a file of weights.

    Args:
        weights: of the detector.
        meta: ``dataset_meta`` and texts.
        suffix: '.pth' or '.safetensors'.

    Returns:
        A checkpoint that ``torch.load(weights_only=True)`` reads, or a safetensors file.
    """
    if suffix == '.safetensors':
        return safetensors_bytes(weights, meta)
    content = io.BytesIO()
    torch.save(dict(state_dict=weights, meta=meta), content)
    return content.getvalue()


def config_bytes(cfg: Config) -> bytes:
    """The content of a config file.

    Args:
        cfg: of :func:`mmssis.export.plain_config`.
    """
    return cfg.pretty_text.encode('utf-8')


def write_files(files: Mapping[Path, bytes]) -> None:
    """Write files; each is there whole or not at all.

    Args:
        files: contents by path; folders are made.

    Raises:
        WriteError: if the disk is full or a folder cannot be written.
    """
    for path, content in files.items():
        AtomicBackend().put(content, path)
