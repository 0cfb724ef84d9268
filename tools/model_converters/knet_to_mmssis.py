"""Write a published K-Net checkpoint under the names of our K-Net: ``IN.pth OUT.pth``.

For the instance segmentation models of K-Net's README (github.com/ZwwWayne/K-Net), such as
``knet_s3_r50_fpn_1x_coco_20211016_113017-8a8645d4.pth``::

    python tools/model_converters/knet_to_mmssis.py IN.pth OUT.pth
    python tools/test.py configs/supervised/knet_r50_coco.py OUT.pth

Backbone and neck keep their names. See docs/methods/knet.md for the table of the others.
"""

import argparse
import re
from pathlib import Path
from typing import Dict, Mapping, Tuple

import torch
from torch import Tensor

from mmssis.engine.checkpoint import CheckpointError, read_checkpoint
from mmssis.models.knet import ConvKernelHead, KernelUpdateHead

# Published name -> our name, in this order; `\1` and `\2` are numbers of levels, layers, stages.
RENAMED = (
    (r'rpn_head\.localization_fpn\.convs_all_levels\.0\.conv0\.',
     r'kernel_head.semantic_fpn.levels.0.'),
    (r'rpn_head\.localization_fpn\.convs_all_levels\.([123])\.conv(\d)\.',
     r'kernel_head.semantic_fpn.levels.\1.conv.\2.'),
    (r'rpn_head\.localization_fpn\.conv_pred\.', r'kernel_head.semantic_fpn.loc_conv.'),
    (r'rpn_head\.localization_fpn\.aux_convs\.0\.', r'kernel_head.semantic_fpn.sem_conv.'),
    (r'rpn_head\.loc_convs\.0\.', r'kernel_head.loc_conv.'),
    (r'rpn_head\.seg_convs\.0\.', r'kernel_head.sem_conv.'),
    (r'rpn_head\.(init_kernels|conv_seg)\.', r'kernel_head.\1.'),
    (r'roi_head\.mask_head\.(\d+)\.kernel_update_conv\.', r'update_heads.\1.updator.'),
    (r'roi_head\.mask_head\.(\d+)\.', r'update_heads.\1.'),
)
KEPT = ('backbone.', 'neck.')


def new_name(name: str) -> str:
    """Our name of a published weight.

    Args:
        name: as in K-Net's checkpoint.

    Returns:
        The name in a ``KNet`` of mmssis; unknown names come back unchanged.
    """
    for pattern, replacement in RENAMED:
        renamed, count = re.subn(f'^{pattern}', replacement, name)
        if count:
            return renamed
    return name


def convert_state_dict(state_dict: Mapping[str, Tensor]) -> Dict[str, Tensor]:
    """Rename the weights of a published K-Net and check that none is missing.

    Args:
        state_dict: weights under the names of K-Net.

    Returns:
        The same tensors under our names.

    Raises:
        ValueError: if weights are missing, unknown or of an unexpected shape, as those of a
            panoptic K-Net are; the message names them.
    """
    converted = {new_name(name): value for name, value in state_dict.items()}
    expected = expected_shapes(converted)
    ours = {name: value for name, value in converted.items() if not name.startswith(KEPT)}
    if missing := sorted(set(expected) - set(ours)):
        raise ValueError(f'the checkpoint lacks {len(missing)} weights of a K-Net for instances: '
                         f'{", ".join(missing)} (our names)')
    if unknown := sorted(set(ours) - set(expected)):
        raise ValueError(f'the checkpoint holds {len(unknown)} weights that K-Net has not: '
                         f'{", ".join(unknown)}; give one of K-Net for instances')
    wrong = [f'{name} is {tuple(ours[name].shape)}, not {shape}'
             for name, shape in expected.items() if tuple(ours[name].shape) != shape]
    if wrong:
        raise ValueError(f'weights of another shape than a K-Net for instances has: {wrong}')
    for part in KEPT:
        if not any(name.startswith(part) for name in converted):
            raise ValueError(f'the checkpoint lacks all weights of {part[:-1]}')
    return converted


def expected_shapes(converted: Mapping[str, Tensor]) -> Dict[str, Tuple[int, ...]]:
    """Names and shapes of the heads' weights for the sizes of a checkpoint.

    Args:
        converted: weights under our names.

    Returns:
        Shape of every weight of kernel head and update heads.

    Raises:
        ValueError: if a weight that tells a size is missing.
    """
    sizes = {}
    for name in ('kernel_head.init_kernels.weight', 'update_heads.0.fc_cls.weight',
                 'update_heads.0.ffn.layers.0.0.weight'):
        if name not in converted:
            raise ValueError(f'the checkpoint lacks {name} (our name): give one of K-Net for '
                             'instances')
        sizes[name] = converted[name].shape
    (num_kernels, channels), (num_classes, _), (hidden, _) = (
        tuple(shape)[:2] for shape in sizes.values())
    stages = {int(name.split('.')[1]) for name in converted if name.startswith('update_heads.')}
    heads = {'kernel_head': kernel_head(num_classes, num_kernels, channels)}
    for stage in range(max(stages) + 1):
        heads[f'update_heads.{stage}'] = update_head(num_classes, channels, hidden)
    return {f'{prefix}.{name}': tuple(value.shape) for prefix, head in heads.items()
            for name, value in head.state_dict().items()}


def kernel_head(num_classes: int, num_kernels: int, channels: int) -> ConvKernelHead:
    """A kernel head of the published kind, without memory for its weights."""
    with torch.device('meta'):
        return ConvKernelHead(
            num_classes, num_kernels, channels, channels, dict(type='GN', num_groups=32),
            loss_mask=BCE, loss_dice=DICE, loss_seg=FOCAL)


def update_head(num_classes: int, channels: int, hidden: int) -> KernelUpdateHead:
    """An update head of the published kind, without memory for its weights."""
    with torch.device('meta'):
        return KernelUpdateHead(num_classes, channels, 8, hidden, loss_cls=FOCAL, loss_mask=BCE,
                                loss_dice=DICE)


BCE = dict(type='mmdet.CrossEntropyLoss', use_sigmoid=True)
DICE = dict(type='mmdet.DiceLoss')
FOCAL = dict(type='mmdet.FocalLoss', use_sigmoid=True)


def main() -> None:
    """Convert."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('source', type=Path, help="K-Net's checkpoint")
    parser.add_argument('out', type=Path, help='checkpoint to write')
    args = parser.parse_args()
    weights = convert_state_dict(read_checkpoint(args.source)['state_dict'])
    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict=weights), args.out)
    print(f'{len(weights)} weights written to {args.out}')


if __name__ == '__main__':
    try:
        main()
    except CheckpointError as error:
        raise SystemExit(str(error)) from error
