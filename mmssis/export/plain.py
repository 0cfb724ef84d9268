"""The config of a detector alone, with mmdet's classes in place of ours where it has them."""

from typing import Any, Dict, Iterator, List, Tuple

from mmdet.registry import DATASETS, METRICS, MODELS, TRANSFORMS
from mmengine.config import Config, ConfigDict

from mmssis.utils.exact_config import ExactConfig

PLAIN: Dict[str, dict] = {
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
"""What to use instead of our classes."""

PIXEL_WEIGHTS = ('weight_dice_by_pixel', 'normalize_pixel_weights', 'boundary_map', 'mask_divisor')
TRAINING_ONLY: Dict[str, Tuple[str, ...]] = {
    'WeightedMask2FormerHead': PIXEL_WEIGHTS,
    'MaskIoUMask2FormerHead': (*PIXEL_WEIGHTS, 'loss_iou_weight'),
    'WeightedRoIHead': ('boundary_map', ),
    'FCNMaskIoUHead': ('iou_channels', 'iou_loss_weight'),
    'FrozenNormTIMM': ('frozen', ),
    'SoftmaxFocalLoss': ('gamma', ),
    'BoundaryCocoMetric': ('dilation_ratio', ),
    'LoadImageRobust': ('max_pixels', 'bits'),
}
"""Settings of our classes that have no meaning there."""

VISUALIZER = dict(type='DetLocalVisualizer', name='visualizer',
                  vis_backends=[dict(type='LocalVisBackend')])


def typed_dicts(node: Any) -> Iterator[Dict[str, Any]]:
    """Yield the dicts of a config that name a class, the outer ones first.

    Args:
        node: a config or a part of one.
    """
    if isinstance(node, dict):
        if 'type' in node:
            yield node
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from typed_dicts(child)


def own_types(node: Any) -> List[str]:
    """List the classes of mmssis that a config names.

    Args:
        node: a config or a part of one.
    """
    names = {str(item['type']) for item in typed_dicts(node)}
    registries = (MODELS, DATASETS, TRANSFORMS, METRICS)
    classes = {name: next((found for registry in registries
                           if (found := registry.get(name)) is not None), None) for name in names}
    return sorted(name for name, found in classes.items() if found is not None
                  and found.__module__.startswith('mmssis.'))


def plain_config(cfg: Config) -> Config:
    """Write a config of the detector alone, for inference, drawing and evaluation.

    Args:
        cfg: of the training run, or of mmdet.

    Returns:
        Model, visualizer and test data; nothing in it loads ImageNet weights. If the model needs
        mmssis the config imports it; else what needs it of the test is left out.
    """
    detector = _plain_detector(cfg.model.get('detector', cfg.model))
    content = dict(default_scope='mmdet', model=detector.to_dict(), visualizer=VISUALIZER)
    imports = ['mmssis'] if own_types(detector) else []
    if any(str(node['type']).startswith('mmpretrain.') for node in typed_dicts(content)):
        imports.append('mmpretrain.models')
    if imports:
        content['custom_imports'] = dict(imports=imports, allow_failed_imports=False)
    content.update(_plain_test(cfg.to_dict(), 'mmssis' in imports))
    return ExactConfig(content)


def _plain_detector(detector: ConfigDict) -> ConfigDict:
    """A detector with mmdet's classes; where mmdet lacks one of them all of ours stay."""
    plain = ConfigDict(detector.to_dict())
    _replace_own_types(plain)
    if own_types(plain):
        plain = ConfigDict(detector.to_dict())
    plain.backbone.init_cfg = None
    return plain


def _replace_own_types(content: Any, only: Tuple[str, ...] = tuple(PLAIN)) -> None:
    """Put mmdet's classes in place of ours, where it has them, in a part of a config."""
    for node in typed_dicts(content):
        if (name := node['type']) in only:
            for setting in TRAINING_ONLY.get(name, ()):
                node.pop(setting, None)
            node.update(PLAIN[name])


def _plain_test(settings: Dict[str, Any], has_mmssis: bool) -> Dict[str, Any]:
    """Settings of the test as far as their classes are there; says what it leaves out."""
    test = {part: settings[part] for part in ('test_dataloader', 'test_evaluator')
            if part in settings}
    # mmdet's DetInferencer finds the loader by its name.
    _replace_own_types(test, ('LoadImageRobust', ) if has_mmssis else tuple(PLAIN))
    unusable = {} if has_mmssis else {part: names for part, content in test.items()
                                      if (names := own_types(content))}
    for part, names in unusable.items():
        print(f'Left out, since mmdet lacks {", ".join(names)}: {part}.')
        del test[part]
    return dict(test, test_cfg=dict(type='TestLoop')) if len(test) == 2 else test
