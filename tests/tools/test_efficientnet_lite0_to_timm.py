"""The converted backbone checkpoint loads completely into the detector's backbone."""

import importlib.util
from pathlib import Path

import mmpretrain.models  # noqa: F401
import torch
from mmdet.registry import MODELS

TOOL = Path(__file__).parents[2] / 'tools/model_converters/efficientnet_lite0_to_timm.py'


def test_every_tensor_of_the_backbone_is_loaded(tmp_path):
    """All 288 entries by ``init_cfg``, none left at its random start."""
    spec = importlib.util.spec_from_file_location('efficientnet_lite0_to_timm', TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    path = tmp_path / 'folder' / 'lite0.pth'
    assert tool.convert(path) == 288
    backbone = MODELS.build(dict(
        type='mmpretrain.TIMMBackbone', model_name='tf_efficientnet_lite0', features_only=True,
        out_indices=(1, 2, 3, 4), pretrained=False,
        init_cfg=dict(type='Pretrained', checkpoint=str(path))))
    backbone.init_weights()
    expected = torch.load(path, weights_only=True)['state_dict']
    loaded = backbone.state_dict()
    assert set(loaded) == set(expected)
    assert all(torch.equal(loaded[key], expected[key]) for key in expected)
    assert [each.shape[1] for each in backbone(torch.zeros(1, 3, 64, 64))] == [24, 40, 112, 320]
