"""Soft masks: what the disk keeps of them, and pasting as mmdet pastes."""

import pytest
import torch
from mmdet.models.roi_heads.mask_heads.fcn_mask_head import _do_paste_mask
from pycocotools import mask as coco_mask

from mmssis.offline.soft_masks import binary_rle, decode_mask_probs, encode_mask_probs


@pytest.mark.parametrize('num, size', [
    pytest.param(0, 28, id='no detection'),
    pytest.param(3, 28, id='RoI head'),
    pytest.param(2, 112, id='others'),
])
def test_probabilities_survive_to_half_a_step(num, size):
    probs = torch.rand(num, size, size)
    found = decode_mask_probs(encode_mask_probs(probs), num, size)
    assert found.shape == (num, size, size) and found.dtype == torch.float32
    assert not num or (found - probs).abs().max() <= 0.5 / 255 + 1e-6
    assert decode_mask_probs(encode_mask_probs(found.double()), num, size).equal(found)


TEXT = encode_mask_probs(torch.rand(2, 4, 4))


@pytest.mark.parametrize('text, num, message', [
    pytest.param(TEXT, 3, '32 mask probabilities do not make up 3 masks of 4 x 4', id='number'),
    pytest.param(TEXT[:-8], 2, 'cannot be unpacked', id='torn'),
])
def test_refuses(text, num, message):
    with pytest.raises(ValueError, match=message):
        decode_mask_probs(text, num, 4)


HEIGHT, WIDTH = 40, 60


def pasted_by_mmdet(probs, box, threshold):
    masks, _ = _do_paste_mask(probs[None, None], box[None], HEIGHT, WIDTH, skip_empty=False)
    return masks[0] >= threshold


@pytest.mark.parametrize('box', [
    pytest.param([10, 5, 38, 33], id='cells are pixels'),
    pytest.param([0, 0, WIDTH, HEIGHT], id='whole image'),
    pytest.param([-20.5, -3, 30, 60], id='beyond the image'),
    pytest.param([20.2, 20.2, 20.9, 20.9], id='less than a pixel'),
])
def test_masks_are_mmdets(box):
    probs, box = torch.rand(28, 28), torch.tensor(box)
    for threshold in (0.004, 0.42, 1.0):
        rle, area = binary_rle(probs, box, (HEIGHT, WIDTH), threshold)
        expected = pasted_by_mmdet(probs, box, threshold)
        assert coco_mask.decode(rle).tolist() == expected.int().tolist()
        assert area == expected.sum() and isinstance(area, int)
        assert rle['size'] == [HEIGHT, WIDTH] and isinstance(rle['counts'], str)


@pytest.mark.parametrize('probs, box, threshold', [
    pytest.param(torch.full((4, 4), 0.3), [10, 10, 20, 20], 0.5, id='nothing above the threshold'),
    pytest.param(torch.ones(4, 4), [10, 10, 10, 20], 0.5, id='no width'),
    pytest.param(torch.ones(4, 4), [20, 10, 10, 20], 0.5, id='corners exchanged'),
    pytest.param(torch.ones(4, 4), [60, 10, 70, 20], 0.5, id='right of the image'),
    pytest.param(torch.zeros(4, 4), [10, 10, 20, 20], 0.0, id='probability 0 is never foreground'),
])
def test_empty_masks(probs, box, threshold):
    rle, area = binary_rle(probs, torch.tensor(box, dtype=torch.float64), (HEIGHT, WIDTH),
                           threshold)
    assert area == 0 and not coco_mask.decode(rle).any()


def test_a_threshold_of_0_does_not_fill_the_image():
    box = torch.tensor([10., 10, 38, 38])
    assert binary_rle(torch.ones(28, 28), box, (HEIGHT, WIDTH), 0.0)[1] == 28 * 28
