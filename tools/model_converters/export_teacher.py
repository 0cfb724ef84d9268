"""Export the teacher as a plain mmdet detector: ``export_teacher.py CONFIG CHECKPOINT OUT.pth``.

A model without teacher and student, such as one that learned from pseudo labels on disk, is
exported as a whole.

Writes ``OUT.pth`` (weights and class names; loads with ``torch.load(weights_only=True)``) and
``OUT.py`` (a config). Both work with mmdet alone, e.g. ``mmdet.apis.init_detector('OUT.py',
'OUT.pth')``, and with mmdet's own ``tools/test.py``. What mmdet lacks (K-Net, CondInst's dynamic
head, the noise-tolerant mask head) stays mmssis's: the config imports it, and it must be installed.
"""

import argparse
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional

import torch
from mmdet.registry import DATASETS, METRICS, MODELS, TRANSFORMS
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from torch import Tensor

import mmssis
from mmssis.engine.checkpoint import CheckpointError, read_checkpoint
from mmssis.engine.trained_model import does_not_fit, weight_faults
from mmssis.utils.config import load_config
from mmssis.utils.exact_config import ExactConfig

# What to use instead of our classes, and which of their settings have no meaning there.
PLAIN = {
    'WeightedMask2FormerHead': dict(type='Mask2FormerHead'),
    'MaskIoUMask2FormerHead': dict(type='Mask2FormerHead'),
    'WeightedMaskRCNN': dict(type='MaskRCNN'),
    'WeightedRoIHead': dict(type='StandardRoIHead'),
    'FCNMaskIoUHead': dict(type='FCNMaskHead'),
    'FrozenNormTIMM': dict(type='mmpretrain.TIMMBackbone', features_only=True, pretrained=False),
    'SoftmaxFocalLoss': dict(type='CrossEntropyLoss', use_sigmoid=False),
    'LoadImageRobust': dict(type='LoadImageFromFile'),
    'CompletedCocoDataset': dict(type='CocoDataset'),
    # Without boundary AP.
    'BoundaryCocoMetric': dict(type='CocoMetric'),
}
PIXEL_WEIGHTS = ('weight_dice_by_pixel', 'normalize_pixel_weights', 'boundary_map', 'mask_divisor')
TRAINING_ONLY = {
    'WeightedMask2FormerHead': PIXEL_WEIGHTS,
    'MaskIoUMask2FormerHead': (*PIXEL_WEIGHTS, 'loss_iou_weight'),
    'WeightedRoIHead': ('boundary_map', ),
    'FCNMaskIoUHead': ('iou_channels', 'iou_loss_weight'),
    'FrozenNormTIMM': ('frozen', ),
    'SoftmaxFocalLoss': ('gamma', ),
    'BoundaryCocoMetric': ('dilation_ratio', ),
    'LoadImageRobust': ('max_pixels', 'bits'),
}

# The mask-IoU branches judge pseudo labels; they change no prediction.
IOU_BRANCHES = ('roi_head.mask_head.iou_branch.', 'panoptic_head.cls_embed.iou.')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', help='config of the training run')
    parser.add_argument('checkpoint', type=Path, help='checkpoint of the training run')
    parser.add_argument('out', type=Path, help='checkpoint to write; the config goes beside it')
    parser.add_argument('--branch', choices=['teacher', 'student'],
                        help='what to export of a semi-supervised model (default: teacher)')
    parser.add_argument('--supervised', action='store_true',
                        help='the checkpoint is of tools/train.py CONFIG --supervised')
    args = parser.parse_args()
    if args.out.suffix != '.pth':
        parser.error(f'{args.out}: name the checkpoint OUT.pth')
    return args


def typed_dicts(node: Any) -> Iterator[Dict[str, Any]]:
    """Yield the dicts of a config that name a class, the outer ones first."""
    if isinstance(node, dict):
        if 'type' in node:
            yield node
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from typed_dicts(child)


def own_types(node: Any) -> List[str]:
    """List the classes of mmssis that a config names."""
    names = {str(item['type']) for item in typed_dicts(node)}
    registries = (MODELS, DATASETS, TRANSFORMS, METRICS)
    classes = {name: next((found for registry in registries
                           if (found := registry.get(name)) is not None), None) for name in names}
    return sorted(name for name, found in classes.items() if found is not None
                  and found.__module__.startswith('mmssis.'))


def replace_own_types(content: Any) -> None:
    """Put mmdet's classes in place of ours, where it has them, in a part of a config."""
    for node in typed_dicts(content):
        for setting in TRAINING_ONLY.get(node['type'], ()):
            node.pop(setting, None)
        node.update(PLAIN.get(node['type'], {}))


def plain_detector(detector: ConfigDict) -> ConfigDict:
    """Write a detector config with mmdet's classes in place of ours.

    Args:
        detector (ConfigDict): ``model.detector`` of a semi-supervised config, or ``model`` of
            another; not changed.

    Returns:
        ConfigDict: The config; nothing in it loads ImageNet weights. Where mmdet lacks one of the
        classes (K-Net, CondInst's dynamic head, the noise-tolerant mask head), all of ours stay.
    """
    plain = ConfigDict(detector.to_dict())
    replace_own_types(plain)
    if own_types(plain):
        plain = ConfigDict(detector.to_dict())
    plain.backbone.init_cfg = None
    return plain


def plain_config(cfg: Config) -> Config:
    """Write a config of the detector alone, for inference and evaluation.

    Args:
        cfg (Config): The config of the training run.

    Returns:
        Config: Model and test data. If the model needs mmssis the config imports it; else the
        test data are left out if they do.

    Raises:
        ValueError: If the model is one of mmdet's already.
    """
    if 'detector' not in cfg.model and not own_types(cfg.model):
        raise ValueError(f'model.type = {cfg.model.type}: there is no teacher to export, and no '
                         'class of mmssis to replace; mmdet loads config and checkpoint as is')
    detector = plain_detector(cfg.model.get('detector', cfg.model))
    content = dict(default_scope='mmdet', model=detector.to_dict())
    imports = ['mmssis'] if own_types(detector) else []
    if any(str(node['type']).startswith('mmpretrain.') for node in typed_dicts(content)):
        imports.append('mmpretrain.models')
    if imports:
        content['custom_imports'] = dict(imports=imports, allow_failed_imports=False)
    content.update(plain_test(cfg.to_dict(), 'mmssis' in imports))
    return ExactConfig(content)


def plain_test(settings: Dict[str, Any], has_mmssis: bool) -> Dict[str, Any]:
    """Settings of the test as far as their classes are there; says what it leaves out."""
    test = {part: settings[part] for part in ('test_dataloader', 'test_evaluator')
            if part in settings}
    if not has_mmssis:
        replace_own_types(test)
    if not has_mmssis and (unusable := own_types(test)):
        print(f'Left out, since mmdet lacks {", ".join(unusable)}: {" and ".join(test)}.')
        return {}
    return dict(test, test_cfg=dict(type='TestLoop')) if test else {}


def branch_of(cfg: Config, wanted: Optional[str]) -> Optional[str]:
    """Which branch to export; None for a model without branches.

    Raises:
        ValueError: If a branch is wanted of such a model.
    """
    if 'detector' in cfg.model:
        return wanted or 'teacher'
    if wanted is not None:
        raise ValueError(f'--branch {wanted}: model.type = {cfg.model.type} has no teacher and no '
                         'student; leave it out')
    return None


def weights_of(branch: Optional[str], state_dict: Mapping[str, Tensor],
               is_plain: bool = True) -> Dict[str, Tensor]:
    """Take one branch out of a checkpoint.

    Args:
        branch (str, optional): 'teacher' or 'student'; None takes a model without branches.
        state_dict (Mapping[str, Tensor]): Weights of both, or of the model.
        is_plain (bool): Whether they are for a plain detector, which has no mask-IoU branch.
            Defaults to True.

    Returns:
        dict[str, Tensor]: Its weights under the names of the detector.

    Raises:
        ValueError: If the checkpoint does not hold that branch.
    """
    prefix = '' if branch is None else f'{branch}.'
    # Cloned: a view would save the storage it is part of.
    weights = {name[len(prefix):]: value.detach().clone()
               for name, value in state_dict.items() if name.startswith(prefix)}
    if not weights:
        raise ValueError(f'the checkpoint holds no {branch}; is it an exported one?')
    return {name: value for name, value in weights.items()
            if not (is_plain and name.startswith(IOU_BRANCHES))}


def dataset_meta(checkpoint: Mapping[str, Any]) -> Dict[str, Any]:
    """Return class names and colours of a checkpoint as plain Python values."""
    meta = checkpoint['meta']['dataset_meta']
    plain = dict(classes=tuple(str(name) for name in meta['classes']))
    if meta.get('palette') is not None:
        plain['palette'] = [tuple(int(part) for part in colour) for colour in meta['palette']]
    return plain


def check_export(cfg: Config, weights: Mapping[str, Tensor]) -> None:
    """Compare the weights with those of the plain detector.

    Raises:
        CheckpointError: If a weight is missing, left over or of another shape.
    """
    own = MODELS.build(cfg.model).state_dict()
    faults = weight_faults(own, weights)
    faults += [f'{name} is not in the config' for name in weights if name not in own]
    if faults:
        raise CheckpointError(does_not_fit(faults))


def main() -> None:
    """Export."""
    args = parse_args()
    # Names without a scope, such as those of data preprocessors, are mmdet's.
    init_default_scope('mmdet')
    training = load_config(args.config, check_data=False, supervised=args.supervised)
    branch = branch_of(training, args.branch)
    cfg = plain_config(training)
    checkpoint = read_checkpoint(args.checkpoint)
    left = own_types(cfg.model)
    weights = weights_of(branch, checkpoint['state_dict'], is_plain=not left)
    check_export(cfg, weights)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    meta = dict(dataset_meta=dataset_meta(checkpoint), exported_by=f'mmssis {mmssis.__version__}')
    torch.save(dict(state_dict=weights, meta=meta), args.out)
    config = args.out.with_suffix('.py')
    cfg.dump(config)
    sizes = [path.stat().st_size / 2**20 for path in (args.checkpoint, args.out)]
    print(f'{args.out} ({sizes[1]:.0f} MB; the training checkpoint has {sizes[0]:.0f} MB) and '
          f'{config} need ' + (f'mmssis, for {", ".join(left)}.' if left else 'mmdet alone.'))


if __name__ == '__main__':
    try:
        main()
    except CheckpointError as error:
        raise SystemExit(str(error)) from error
