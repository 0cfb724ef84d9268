"""Pseudo labels of one image: resolving masks, boxes, the weak image in plain colours."""

import pytest
import torch
import torch.nn.functional as F
from mmdet.models.roi_heads.mask_heads import FCNMaskHead
from mmdet.models.roi_heads.mask_heads.fcn_mask_head import _do_paste_mask
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

from mmssis.ops import mask_quality
from mmssis.structures import PseudoLabelContext, boxes_of_masks, paste_masks, resolve_masks


def unresolved(num, size=(4, 6), input_shape=(16, 24), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return InstanceData(
        metainfo=dict(input_shape=input_shape), labels=torch.arange(num),
        mask_logits=3 * torch.randn(num, *size, generator=generator))


@pytest.mark.parametrize('num, size, input_shape', [
    pytest.param(0, (4, 6), (16, 24), id='no instance'),
    pytest.param(3, (4, 6), (16, 24), id='several'),
    pytest.param(3, (4, 6), (4, 6), id='same size'),
    pytest.param(2, (4, 6), (17, 23), id='no multiple'),
])
def test_resolve_masks(num, size, input_shape):
    instances = unresolved(num, size, input_shape)
    instances.mask_logits = instances.mask_logits.half().float()
    instances.mask_logits[:1] = -1.0  # a mask without foreground
    half = InstanceData(metainfo=instances.metainfo, mask_logits=instances.mask_logits.half())
    assert torch.equal(resolve_masks(half).masks, resolve_masks(instances).masks)
    assert half.mask_scores.dtype == torch.float32 and not instances.bboxes[:1].any()
    assert instances.masks.shape == (num, *input_shape) and instances.masks.dtype == torch.bool
    assert instances.mask_scores.shape == (num, ) and instances.bboxes.shape == (num, 4)
    for i in range(num):
        upsampled = F.interpolate(instances.mask_logits[None, i:i + 1], input_shape,
                                  mode='bilinear', align_corners=False)[0, 0]
        assert torch.equal(instances.masks[i], upsampled > 0)
        foreground = upsampled.sigmoid()[upsampled > 0]
        expected = foreground.mean().item() if len(foreground) else 0.0
        assert instances.mask_scores[i].item() == pytest.approx(expected, abs=1e-6)


def test_resolve_masks_is_idempotent():
    """Mask scores that a mask-IoU branch predicted stay, too."""
    instances = unresolved(3)
    instances.mask_scores = torch.tensor([0.2, 0.9, 0.5])
    resolve_masks(instances)
    assert instances.mask_scores.tolist() == pytest.approx([0.2, 0.9, 0.5])
    before = {name: value.clone() for name, value in instances.items()}
    instances.mask_logits.zero_()
    again = resolve_masks(instances)
    assert again is instances
    for name in ('masks', 'mask_scores', 'bboxes'):
        assert torch.equal(again[name], before[name])


BOXES = torch.tensor([[1.0, 2.0, 9.0, 12.0], [3.3, 0.4, 23.7, 15.9], [0.0, 0.0, 24.0, 16.0]])


def in_boxes(num, boxes=BOXES, seed=0, **fields):
    """Instances whose mask logits are on the grids of boxes."""
    generator = torch.Generator().manual_seed(seed)
    logits = F.avg_pool2d(12 * torch.randn(3, 9, 9, generator=generator), 2, 1)
    return InstanceData(metainfo=dict(input_shape=(16, 24)), labels=torch.arange(num),
                        mask_logits=logits[:num], mask_boxes=boxes[:num], **fields)


@pytest.mark.parametrize('num', [0, 3])
def test_masks_in_boxes_are_pasted_as_mmdet_does(num):
    instances = resolve_masks(in_boxes(num))
    assert instances.masks.shape == (num, 16, 24) and instances.masks.dtype == torch.bool
    assert torch.equal(instances.bboxes, BOXES[:num])
    assert torch.equal(instances.mask_scores, mask_quality(instances.mask_logits))
    if num == 0:
        return
    head = FCNMaskHead(num_convs=0, in_channels=1, conv_out_channels=1, class_agnostic=True)
    expected = head._predict_by_feat_single(
        instances.mask_logits[:, None], BOXES[:num].clone(), instances.labels,
        dict(scale_factor=(1.0, 1.0), ori_shape=(16, 24)), ConfigDict(mask_thr_binary=0.5))
    assert torch.equal(instances.masks, expected) and expected.flatten(1).any(1).all()


def test_pasting_several_at_once_is_the_same():
    """As on a GPU."""
    whole = _do_paste_mask(in_boxes(3).mask_logits[:, None].sigmoid(), BOXES, 16, 24, False)[0]
    assert torch.equal(paste_masks(in_boxes(3).mask_logits, BOXES, (16, 24)), whole >= 0.5)


def test_boxes_without_area_have_no_mask():
    """mmdet would fill the pixels beside them."""
    boxes = torch.tensor([[5.0, 2.0, 5.0, 12.0], [3.0, 8.0, 20.0, 8.0], [24.0, 16.0, 24.0, 16.0]])
    instances = in_boxes(3, boxes)
    instances.mask_logits.fill_(9.0)
    assert not resolve_masks(instances).masks.any()


def masks_with(*regions, size=(5, 7)):
    masks = torch.zeros(len(regions), *size, dtype=torch.bool)
    for mask, (rows, columns) in zip(masks, regions):
        mask[rows, columns] = True
    return masks


@pytest.mark.parametrize('masks, boxes', [
    pytest.param(torch.zeros(0, 5, 7, dtype=torch.bool), [], id='no mask'),
    pytest.param(masks_with((0, 0)), [[0, 0, 1, 1]], id='first pixel'),
    pytest.param(masks_with((4, 6)), [[6, 4, 7, 5]], id='last pixel'),
    pytest.param(masks_with((slice(None), slice(None))), [[0, 0, 7, 5]], id='whole image'),
    pytest.param(masks_with((slice(0, 0), 0), ([1, 3], [5, 2])),
                 [[0, 0, 0, 0], [2, 1, 6, 4]], id='empty beside two parts'),
])
def test_boxes_of_masks(masks, boxes):
    result = boxes_of_masks(masks)
    assert result.tolist() == boxes
    assert result.shape == (len(boxes), 4) and result.dtype == torch.float32


MEAN = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)
STD = torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)


def context_of(images, channels):
    return PseudoLabelContext(
        images=images, metas=[{}] * len(images), progress=0.0,
        box_labels=[None] * len(images), pixel_mean=MEAN, pixel_std=STD, channels=channels)


@pytest.mark.parametrize('num, channels', [(0, 'rgb'), (2, 'bgr')])
def test_rgb_images_undo_the_normalisation(num, channels):
    rgb = torch.randint(256, (num, 3, 4, 5)).float()
    normalised = ((rgb if channels == 'rgb' else rgb.flip(1)) - MEAN) / STD
    assert torch.allclose(context_of(normalised, channels).rgb_images(), rgb / 255, atol=1e-5)


def test_rgb_images_lie_in_the_unit_interval():
    images = context_of(torch.tensor([-1e3, 1e3, 0.0]).view(1, 3, 1, 1).half(), 'rgb').rgb_images()
    assert images.dtype == torch.float32
    assert images.flatten().tolist() == pytest.approx([0, 1, 103.53 / 255], abs=1e-3)
