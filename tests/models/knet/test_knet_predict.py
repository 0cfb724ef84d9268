"""From kernels to instances."""

import pytest
import torch
import torch.nn.functional as F
from reference import knet_equations as plain
from toy_knet import build_knet

from mmssis.models.knet import results
from mmssis.models.knet.results import full_size_probs, instances_of_image

META = dict(batch_input_shape=(64, 96), img_shape=(50, 70), ori_shape=(101, 139))


def predict(cls_logits, mask_logits, meta=None, max_per_img=10, rescale=True):
    return instances_of_image(cls_logits, mask_logits, meta or META, max_per_img, 0.5, rescale)


@pytest.mark.parametrize('max_per_img', [3, 100])
def test_best_pairs_of_kernel_and_class(max_per_img):
    cls_logits, mask_logits = torch.randn(5, 3), torch.randn(5, 8, 12)
    instances = predict(cls_logits, mask_logits, max_per_img=max_per_img)
    expected = plain.top_pairs(cls_logits.tolist(), max_per_img)
    assert len(instances) == len(expected) == min(max_per_img, 15)
    probs = full_size_probs(mask_logits, (64, 96), (50, 70), (101, 139))
    for i, (score, kernel, label) in enumerate(expected):
        assert instances.scores[i].item() == pytest.approx(score, rel=1e-5)
        assert instances.labels[i] == label
        assert torch.equal(instances.masks[i], probs[kernel] > 0.5)


def test_masks_lose_the_padding_and_get_the_original_size():
    """Upsampled to stride 4, to the input, cropped and resized, all bilinear."""
    mask = 4 * torch.randn(1, 3, 4)
    stride4 = plain.resize(mask[0].tolist(), 6, 8)
    whole = plain.resize([[plain.sigmoid(v) for v in row] for row in stride4], 24, 32)
    cropped = [row[:20] for row in whole[:18]]
    expected = torch.tensor(plain.resize(cropped, 27, 30))
    probs = full_size_probs(mask, (24, 32), (18, 20), (27, 30))
    assert torch.allclose(probs[0], expected, atol=1e-5)


@pytest.mark.parametrize('rescale, shape', [(True, (101, 139)), (False, (50, 70))])
def test_boxes_are_tight_around_the_masks(rescale, shape):
    mask_logits = torch.full((2, 8, 12), -9.0)
    mask_logits[0, 1:3, 2:5] = 9
    instances = predict(torch.tensor([[5.0], [-5.0]]), mask_logits, rescale=rescale)
    assert instances.masks.shape == (2, *shape) and instances.masks.dtype == torch.bool
    rows, columns = instances.masks[0].any(1).nonzero(), instances.masks[0].any(0).nonzero()
    assert instances.bboxes[0].tolist() == [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
    assert instances.bboxes[1].tolist() == [0, 0, 0, 0]


def test_only_kept_kernels_are_upsampled_and_each_once(monkeypatch):
    sizes, upsample = [], F.interpolate

    def record(maps, *args, **kwargs):
        sizes.append(len(maps[0]))
        return upsample(maps, *args, **kwargs)

    monkeypatch.setattr(results.F, 'interpolate', record)
    cls_logits = torch.full((50, 3), -9.0)
    cls_logits[7], cls_logits[30] = 5, 4
    instances = predict(cls_logits, torch.randn(50, 8, 12), max_per_img=6)
    assert len(instances) == 6 and set(sizes) == {2}
    sizes.clear()
    predict(torch.randn(50, 3), torch.randn(50, 8, 12), max_per_img=150)
    assert max(sizes) == results.CHUNK


def test_forward_returns_the_last_stage():
    model = build_knet().eval()
    with torch.no_grad():
        cls_logits, mask_logits = model(torch.randn(2, 3, 64, 96), mode='tensor')
    assert cls_logits.shape == (2, 6, 3) and mask_logits.shape == (2, 6, 8, 12)
