"""Write the ImageNet weights of EfficientNet-Lite0 as a backbone checkpoint.

The result starts the backbone of a detector (RGB input, mean and std 127.5)::

    backbone=dict(
        type='mmpretrain.TIMMBackbone', model_name='tf_efficientnet_lite0',
        features_only=True, out_indices=(1, 2, 3, 4), pretrained=False,
        init_cfg=dict(type='Pretrained', checkpoint='OUT.pth'))

Usage: python tools/model_converters/efficientnet_lite0_to_timm.py OUT.pth
"""

import argparse
from collections import OrderedDict
from pathlib import Path
from typing import Optional

import torch

from mmssis.models.clip.lite0_weights import load_efficientnet_lite0


def convert(out: Path, source: Optional[Path] = None) -> int:
    """Write the backbone checkpoint.

    Args:
        out (Path): File to write; its folder is made.
        source (Path, optional): Weights file; default: the installed package's.

    Returns:
        int: Number of tensors written.
    """
    state = load_efficientnet_lite0(source)
    # The classification head has no place in a feature extractor.
    head = ('conv_head.', 'bn2.', 'classifier.')
    backbone = OrderedDict((f'timm_model.{key}', value) for key, value in state.items()
                           if not key.startswith(head))
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict=backbone), out)
    return len(backbone)


def main() -> None:
    parser = argparse.ArgumentParser(description='Convert EfficientNet-Lite0 for TIMMBackbone.')
    parser.add_argument('out', type=Path, help='checkpoint to write')
    parser.add_argument('--source', type=Path, help="default: the installed package's weights")
    args = parser.parse_args()
    print(f'{convert(args.out, args.source)} tensors written to {args.out}')


if __name__ == '__main__':
    main()
