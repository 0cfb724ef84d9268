"""K-Net's published names and shapes, generated, load completely into our K-Net.

The names are those of the authors' modules: ``SemanticFPNWrapper``, ``ConvKernelHead``,
``KernelUpdateHead`` and ``KernelUpdator`` with the settings of their instance configs.
"""

import importlib.util
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools/model_converters/knet_to_mmssis.py'
C, HIDDEN, KERNELS = 256, 2048, 100


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('knet_to_mmssis', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def conv_gn(name, kernel_size):
    return {f'{name}.conv.weight': (C, C, kernel_size, kernel_size), f'{name}.gn.weight': (C, ),
            f'{name}.gn.bias': (C, )}


def linear(name, out_channels, in_channels=C):
    return {f'{name}.weight': (out_channels, in_channels), f'{name}.bias': (out_channels, )}


def norm(name):
    return {f'{name}.weight': (C, ), f'{name}.bias': (C, )}


def published_kernel_head(num_classes):
    shapes = {'init_kernels.weight': (KERNELS, C, 1, 1), 'conv_seg.bias': (num_classes, ),
              'conv_seg.weight': (num_classes, C, 1, 1)}
    for level, num_convs in enumerate((1, 1, 2, 3)):
        for i in range(num_convs):
            shapes.update(conv_gn(f'localization_fpn.convs_all_levels.{level}.conv{i}', 3))
    for name in ('localization_fpn.conv_pred', 'localization_fpn.aux_convs.0', 'loc_convs.0',
                 'seg_convs.0'):
        shapes.update(conv_gn(name, 1))
    return {f'rpn_head.{name}': shape for name, shape in shapes.items()}


def published_update_head(stage, num_classes):
    shapes = {
        'feat_transform.conv.weight': (C, C, 1, 1), 'feat_transform.conv.bias': (C, ),
        'attention.attn.in_proj_weight': (3 * C, C), 'attention.attn.in_proj_bias': (3 * C, ),
        **linear('attention.attn.out_proj', C), **norm('attention_norm'),
        **linear('ffn.layers.0.0', HIDDEN), **linear('ffn.layers.1', C, HIDDEN),
        **norm('ffn_norm'), **linear('fc_cls', num_classes), **linear('fc_mask', C)}
    for branch in ('cls_fcs', 'mask_fcs'):
        shapes.update({f'{branch}.0.weight': (C, C), **norm(f'{branch}.1')})
    for layer, out_channels in [('dynamic_layer', 2 * C), ('input_layer', 2 * C),
                                ('input_gate', C), ('update_gate', C), ('fc_layer', C)]:
        shapes.update(linear(f'kernel_update_conv.{layer}', out_channels))
    for layer in ('norm_in', 'norm_out', 'input_norm_in', 'input_norm_out', 'fc_norm'):
        shapes.update(norm(f'kernel_update_conv.{layer}'))
    return {f'roi_head.mask_head.{stage}.{name}': shape for name, shape in shapes.items()}


def plain_model():
    cfg = Config.fromfile(ROOT / 'configs/_base_/models/knet_r50.py').model
    cfg.backbone.init_cfg = None
    with torch.device('meta'):
        return MODELS.build(cfg)


def published(num_classes=80):
    """State dict of a published instance model, filled with different numbers.

    Backbone and neck are mmdet's in both; their names did not change since version 2.
    """
    shapes = published_kernel_head(num_classes)
    for stage in range(3):
        shapes.update(published_update_head(stage, num_classes))
    shapes.update({name: tuple(value.shape) for name, value in plain_model().state_dict().items()
                   if name.startswith(('backbone.', 'neck.'))})
    return {name: torch.full(shape, float(i)) for i, (name, shape) in enumerate(shapes.items())}


@pytest.fixture(scope='module')
def source():
    init_default_scope('mmdet')
    return published()


PLACES = {
    'rpn_head.localization_fpn.convs_all_levels.0.conv0.gn.bias':
        'kernel_head.semantic_fpn.levels.0.gn.bias',
    'rpn_head.localization_fpn.convs_all_levels.3.conv2.conv.weight':
        'kernel_head.semantic_fpn.levels.3.conv.2.conv.weight',
    'rpn_head.localization_fpn.conv_pred.conv.weight':
        'kernel_head.semantic_fpn.loc_conv.conv.weight',
    'rpn_head.localization_fpn.aux_convs.0.gn.weight':
        'kernel_head.semantic_fpn.sem_conv.gn.weight',
    'rpn_head.loc_convs.0.conv.weight': 'kernel_head.loc_conv.conv.weight',
    'rpn_head.seg_convs.0.conv.weight': 'kernel_head.sem_conv.conv.weight',
    'roi_head.mask_head.2.kernel_update_conv.norm_in.weight':
        'update_heads.2.updator.norm_in.weight',
    'roi_head.mask_head.1.mask_fcs.0.weight': 'update_heads.1.mask_fcs.0.weight',
    'backbone.layer1.0.conv1.weight': 'backbone.layer1.0.conv1.weight',
}


def test_every_published_weight_goes_to_its_place(tool, source):
    """All of them, each once, none of ours is left over; layers of one shape stay apart."""
    converted = tool.convert_state_dict(source)
    assert len(converted) == len(source) == len({id(value) for value in converted.values()})
    expected = plain_model().state_dict()
    assert set(converted) == set(expected)
    assert all(converted[name].shape == value.shape for name, value in expected.items())
    for name, ours in PLACES.items():
        assert torch.equal(converted[ours], source[name]), name
    assert tool.convert_state_dict(published(1))['kernel_head.conv_seg.bias'].shape == (1, )


def test_the_tool_writes_what_the_model_reads(source, run_tool, tmp_path):
    path, out = tmp_path / 'knet.pth', tmp_path / 'folder' / 'out.pth'
    torch.save(dict(meta=dict(mmdet_version='2.17.0'), state_dict=source), path)
    run_tool('model_converters/knet_to_mmssis.py', path, out)
    state = torch.load(out, weights_only=True)['state_dict']
    plain_model().load_state_dict(state, strict=True, assign=True)


LACKS = ('rpn_head.conv_seg.bias', 'roi_head.mask_head.1.fc_mask.weight')


@pytest.mark.parametrize('lacks, more, message', [
    pytest.param(LACKS, {}, '2 weights.*conv_seg.bias, update_heads.1.fc_mask.weight',
                 id='missing weights'),
    pytest.param(('roi_head.', ), {}, 'the checkpoint lacks', id='a missing part'),
    pytest.param((), {'roi_head.mask_head.0.fc_iou.weight': (1, C)},
                 '1 weights that K-Net has not: update_heads.0.fc_iou', id='of another model'),
    pytest.param((), {'rpn_head.conv_seg.weight': (133, C, 1, 1)},
                 r'conv_seg.weight is \(133, 256, 1, 1\)', id='another number of classes'),
])
def test_weights_that_do_not_fit_are_named(tool, source, lacks, more, message):
    state = {name: value for name, value in source.items()
             if not lacks or not name.startswith(lacks)}
    state.update({name: torch.zeros(shape) for name, shape in more.items()})
    with pytest.raises(ValueError, match=message):
        tool.convert_state_dict(state)
