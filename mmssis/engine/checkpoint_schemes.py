"""Where checkpoints come from: all of MMEngine's ways end in the one reader.

``CheckpointLoader`` serves ``load_from``, ``--resume`` and every ``init_cfg`` of type Pretrained.
MMEngine's own loaders run what a file holds if it cannot be read otherwise; they are replaced.
"""

from pathlib import Path
from typing import Any, Dict, Optional
from urllib.error import URLError
from urllib.parse import urlparse

import torch
from mmengine.dist import barrier, get_rank
from mmengine.runner import CheckpointLoader
from mmengine.runner.checkpoint import (get_deprecated_model_names, get_external_models,
                                        get_mmcls_models, get_torchvision_models)
from torch import Tensor

from mmssis.models.clip.lite0_weights import load_efficientnet_lite0

from .checkpoint import CheckpointError, Location, read_weights

BACKBONE = 'backbone.'


@CheckpointLoader.register_scheme(prefixes='', force=True)
def load_from_file(filename: str, map_location: Location = None) -> Dict[str, Any]:
    """Weights of a local file.

    Args:
        filename: its path; '~' is the home folder.
        map_location: as of ``torch.load``.
    """
    return read_weights(Path(filename).expanduser(), map_location)


@CheckpointLoader.register_scheme(prefixes=('http://', 'https://'), force=True)
def load_from_http(filename: str, map_location: Location = None) -> Dict[str, Any]:
    """Weights from the web; the file is kept in the folder of ``torch.hub``.

    Args:
        filename: its address.
        map_location: as of ``torch.load``.

    Raises:
        CheckpointError: if it cannot be downloaded.
    """
    path = Path(torch.hub.get_dir(), 'checkpoints', Path(urlparse(filename).path).name)
    # Rank 0 first; the others find the file, or are on another machine.
    if get_rank() > 0:
        barrier()
    try:
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(filename, str(path), progress=get_rank() == 0)
    except URLError as error:
        raise CheckpointError(f'{filename} cannot be downloaded ({error}): place it at {path}'
                              ) from error
    finally:
        if get_rank() == 0:
            barrier()
    return read_weights(path, map_location)


@CheckpointLoader.register_scheme(
    prefixes=('modelzoo://', 'torchvision://', 'open-mmlab://', 'openmmlab://', 'mmcls://'),
    force=True)
def load_from_zoo(filename: str, map_location: Location = None) -> Dict[str, Any]:
    """Weights by their name in a list of addresses that MMEngine or torchvision brings.

    Args:
        filename: such as ``torchvision://resnet50``.
        map_location: as of ``torch.load``.

    Raises:
        CheckpointError: if the list has no such name.
    """
    scheme, _, name = filename.partition('://')
    if scheme in ('modelzoo', 'torchvision'):
        addresses = get_torchvision_models()
    elif scheme == 'mmcls':
        addresses = get_mmcls_models()
    else:
        addresses = get_external_models()
        name = get_deprecated_model_names().get(name, name)
    if name not in addresses:
        raise CheckpointError(f'{filename}: there are no weights of that name')
    checkpoint = CheckpointLoader.load_checkpoint(addresses[name], map_location)
    if scheme != 'mmcls':
        return checkpoint
    weights = checkpoint.get('state_dict', checkpoint)
    return dict(state_dict={key[len(BACKBONE):]: value for key, value in weights.items()
                            if key.startswith(BACKBONE)})


@CheckpointLoader.register_scheme(
    prefixes=('pavi://', r'(\S+\:)?s3://', r'(\S+\:)?petrel://'), force=True)
def load_from_remote(filename: str, map_location: Location = None) -> Dict[str, Any]:
    """Refuse a store that MMEngine alone can read.

    Raises:
        CheckpointError: always.
    """
    raise CheckpointError(f'{filename}: weights are read from files and from the web. Copy it to '
                          'a local disk and give its path')


@CheckpointLoader.register_scheme(prefixes='efficientnet-lite0://')
def load_packaged_lite0(filename: str, map_location: Optional[str] = None) -> Dict[str, Tensor]:
    """ImageNet weights of EfficientNet-Lite0 for ``mmpretrain.TIMMBackbone``.

    Args:
        filename: ``efficientnet-lite0://imagenet``.
        map_location: kept for mmengine's interface; the weights are on the CPU.

    Returns:
        State dict under the names of ``TIMMBackbone``, without the classifier.

    Raises:
        RuntimeError: if the package is not installed; the message names it.
    """
    classifier = ('conv_head.', 'bn2.', 'classifier.')
    return {
        f'timm_model.{name}': value
        for name, value in load_efficientnet_lite0().items() if not name.startswith(classifier)
    }
