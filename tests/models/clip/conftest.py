"""A CLIP of a few thousand weights, in a file, as a user would place it."""

import json
from pathlib import Path

import open_clip
import pytest
import torch
from mmengine.structures import InstanceData

from mmssis.structures import boxes_of_masks

TEXT = dict(context_length=77, vocab_size=49408, width=64, heads=1, layers=1)
RESNET = dict(image_size=32, layers=[1, 1, 1, 1], width=8, patch_size=None)
VIT = dict(image_size=32, layers=1, width=16, head_width=8, patch_size=16)
CONVNEXT = dict(timm_model_name='convnext_atto', timm_model_pretrained=False, timm_pool='',
                timm_proj='linear', timm_drop=0.0, image_size=32)


def save_clip(folder: Path, name: str, vision: dict, **more: float) -> dict:
    """Write a random CLIP; return the classifier's settings that load it."""
    config, weights = folder / f'{name}.json', folder / f'{name}.pt'
    config.write_text(json.dumps(dict(embed_dim=16, vision_cfg=vision, text_cfg=TEXT, **more)))
    if open_clip.get_model_config(name) is None:
        open_clip.add_model_config(config)
    torch.manual_seed(0)
    model = open_clip.create_model(name)
    # CLIP's initialisation silences the residual branches; a test needs them to speak.
    for key, parameter in model.visual.named_parameters():
        if parameter.ndim == 1 and not key.endswith('bias'):
            torch.nn.init.ones_(parameter)
    for module in model.visual.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    model.visual.train()(torch.randn(8, 3, 1, 1) + 0.3 * torch.randn(8, 3, 32, 32))
    torch.nn.init.constant_(model.logit_scale, 3.0)
    torch.save(model.state_dict(), weights)
    return dict(model=str(config), pretrained=str(weights))


@pytest.fixture(scope='session')
def tiny_clip(tmp_path_factory):
    """Settings of a tiny ResNet CLIP."""
    return save_clip(tmp_path_factory.mktemp('clip'), 'mmssis_test_resnet', RESNET)


@pytest.fixture(scope='session')
def tiny_vit_clip(tmp_path_factory):
    """Settings of a tiny ViT CLIP."""
    return save_clip(tmp_path_factory.mktemp('clip'), 'mmssis_test_vit', VIT)


@pytest.fixture(scope='session')
def tiny_convnext_clip(tmp_path_factory):
    """Settings of a tiny ConvNeXt CLIP."""
    return save_clip(tmp_path_factory.mktemp('clip'), 'mmssis_test_convnext', CONVNEXT)


@pytest.fixture(scope='session')
def tiny_siglip(tmp_path_factory):
    """Settings of a tiny ResNet CLIP with a logit bias, as SigLIP has it."""
    return save_clip(tmp_path_factory.mktemp('clip'), 'mmssis_test_sigmoid', RESNET,
                     init_logit_bias=-10.0)


@pytest.fixture
def regions():
    """Make the regions of an image from rectangles ``(x1, y1, x2, y2)``."""

    def make(*boxes, shape=(64, 96), img_shape=None):
        masks = torch.zeros(len(boxes), *shape, dtype=torch.bool)
        for mask, (x1, y1, x2, y2) in zip(masks, boxes):
            mask[y1:y2, x1:x2] = True
        return InstanceData(metainfo=dict(img_shape=img_shape or shape), masks=masks,
                            bboxes=boxes_of_masks(masks))

    return make
