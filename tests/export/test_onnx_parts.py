"""Parts of the graphs against what mmdet has in their place."""

import pytest
import torch
from mmdet.models.roi_heads.mask_heads.fcn_mask_head import _do_paste_mask
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.mask import mask2bbox
from toy import PREPROCESSOR

from mmssis.export.onnx_parts import Preparation, boxes_of, paste_masks

SETTINGS = dict(
    usual={}, bgr=dict(bgr_to_rgb=False), no_normalisation=dict(mean=None, std=None),
    no_padding=dict(pad_size_divisor=1), pad_value=dict(pad_value=7))


@pytest.mark.parametrize('name', SETTINGS)
@pytest.mark.parametrize('shape', [(64, 96), (33, 70)], ids=['fits', 'is padded'])
def test_images_are_prepared_as_by_mmdet(name: str, shape: tuple) -> None:
    settings = dict(PREPROCESSOR, **{'mean': [10., 20., 30.], 'std': [1., 2., 3.],
                                     **SETTINGS[name]})
    preprocessor = MODELS.build(settings)
    rgb = torch.randint(0, 256, (3, *shape), dtype=torch.uint8)
    sample = DetDataSample(metainfo=dict(img_shape=shape))
    expected = preprocessor(dict(inputs=[rgb.flip(0)], data_samples=[sample]))['inputs']
    assert torch.equal(Preparation(preprocessor)(rgb[None]), expected.float())


def test_boxes_of_masks() -> None:
    masks = torch.rand(5, 12, 17) > 0.9
    masks[0], masks[1], masks[2] = False, True, False
    masks[2, 11, 16] = True
    assert torch.equal(boxes_of(masks), mask2bbox(masks))
    assert boxes_of(masks[:0]).shape == (0, 4)


def test_masks_are_pasted_as_by_mmdet() -> None:
    masks = torch.rand(4, 28, 28)
    boxes = torch.tensor([[3.2, 4.7, 30.1, 19.9], [0., 0., 40., 24.], [5., 5., 5.4, 5.3],
                          [-6., 10., 50., 30.]])
    expected, _ = _do_paste_mask(masks[:, None], boxes, 24, 40, skip_empty=False)
    assert torch.allclose(paste_masks(masks, boxes, 24, 40), expected, atol=1e-5)
    without_area = torch.tensor([[7., 3., 7., 9.]])
    assert not paste_masks(masks[:1], without_area, 24, 40).any()
    assert paste_masks(masks[:0], boxes[:0], 24, 40).shape == (0, 24, 40)
